//! One invalid file a mistake; the file name says the code.

use std::collections::BTreeSet;

use crate::playbook::codes::CODES;
use crate::playbook::testing::{self, catalogue, code_of};
use crate::program::{Checked, check};

fn fixtures() -> Vec<(String, String)> {
    testing::fixtures("invalid")
}

/// A hazard's fixture is checked by the linter too; the others have hazards that are not theirs.
fn checked(name: &str, text: &str) -> Checked {
    let catalogue = catalogue();
    let mut checked = check(&format!("{name}.yaml"), text, &catalogue);
    if name.starts_with("hazard.") {
        checked.lint(&catalogue, false);
    }
    checked
}

#[test]
fn each_fixture_reports_its_code_and_no_other() {
    let mut wrong = String::new();
    for (name, text) in fixtures() {
        let checked = checked(&name, &text);
        let codes: BTreeSet<&str> =
            checked.diagnostics.iter().map(|problem| problem.code).collect();
        if codes != BTreeSet::from([code_of(&name).as_str()]) {
            wrong.push_str(&format!("{name} reports {codes:?}\n{}", checked.render(false, 120)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_code_has_a_fixture() {
    let covered: BTreeSet<String> = fixtures().iter().map(|(name, _)| code_of(name)).collect();
    let listed: BTreeSet<String> = CODES
        .iter()
        // Simulations and the configuration have fixtures of their own.
        .filter(|(code, _)| !code.starts_with("simulation::") && !code.starts_with("config::"))
        .map(|(code, _)| (*code).to_owned())
        .collect();
    assert_eq!(covered, listed);
    let all: BTreeSet<_> = CODES.iter().map(|(code, _)| code).collect();
    assert_eq!(all.len(), CODES.len(), "a code is listed twice");
}

#[test]
fn whole_diagnostics() {
    let all: String = fixtures()
        .into_iter()
        .map(|(name, text)| {
            let checked = checked(&name, &text);
            format!("=== {name}\n{}", checked.render(false, 120))
        })
        .collect();
    // The fixture with four thousand letters in a line.
    let all = all.replace(&"x".repeat(4200), "x...x");
    insta::assert_snapshot!(all);
}

#[test]
fn hazards_are_warnings_until_they_are_denied() {
    let catalogue = catalogue();
    for (name, text) in fixtures().into_iter().filter(|(name, _)| name.starts_with("hazard.")) {
        let mut checked = check(&name, &text, &catalogue);
        assert!(checked.diagnostics.is_empty(), "{name}");
        checked.lint(&catalogue, false);
        assert!(!checked.has_errors(), "{name}");
        let mut denied = check(&name, &text, &catalogue);
        denied.lint(&catalogue, true);
        assert!(denied.has_errors(), "{name}");
    }
}
