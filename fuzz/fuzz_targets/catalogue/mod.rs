//! The program's own catalogue without the SDKs: `actions.json` is what `backburn actions --json`
//! prints, and `just docs` writes it anew.

use std::sync::LazyLock;

use backburn::playbook::{ActionInfo, Catalogue, Diagnostic};
use serde_json::Value;

// Not every target needs it.
#[allow(dead_code)]
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let all: Vec<Value> =
        serde_json::from_str(include_str!("../../actions.json")).expect("a list of actions");
    let text = |action: &Value, key: &str| action[key].as_str().expect("a text").to_owned();
    all.iter()
        .map(|action| ActionInfo {
            name: text(action, "name"),
            summary: text(action, "summary"),
            phase: serde_json::from_value(action["phase"].clone()).expect("a phase"),
            contains: action["contains"] == true,
            irreversible: action["irreversible"] == true,
            effects: &[],
            inputs: action["inputs"].clone().into(),
            outputs: action["outputs"].clone().into(),
        })
        .collect()
});

/// Every label lies inside of the text that it points to.
#[allow(dead_code, reason = "not every target reads a document")]
pub fn inside(problems: &[Diagnostic], text: &str) {
    for problem in problems {
        for (range, _) in &problem.labels {
            assert!(range.start <= range.end && range.end <= text.len(), "{problem:?}");
            assert!(text.get(range.start..range.end).is_some(), "{problem:?}");
        }
    }
}
