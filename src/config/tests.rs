//! One invalid file a mistake; the file name says the code. And the file of the documentation.

use std::{collections::BTreeSet, path::Path};

use super::*;
use crate::playbook::{
    codes::CODES,
    testing::{self, code_of},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> Vec<(String, String)> {
    testing::fixtures("invalid-config")
}

fn checked(name: &str, text: &str) -> Checked {
    parse(Path::new(&format!("{name}.toml")), text)
}

#[test]
fn each_fixture_reports_its_code_and_no_other_at_its_place() {
    let mut wrong = String::new();
    for (name, text) in fixtures() {
        let checked = checked(&name, &text);
        let codes: BTreeSet<_> = checked.diagnostics.iter().map(|one| one.code).collect();
        let placed = checked.diagnostics.iter().all(|one| {
            one.labels.first().is_some_and(|(span, _)| {
                // What is missing has a place and no length.
                let is_place = !span.is_empty() || one.code == "config::syntax";
                is_place && span.end <= text.len()
            })
        });
        if codes != BTreeSet::from([code_of(&name).as_str()]) || !placed {
            wrong.push_str(&format!("{name} reports {codes:?}\n{}", checked.render(false, 100)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_code_has_a_fixture() {
    let covered: BTreeSet<String> = fixtures().iter().map(|(name, _)| code_of(name)).collect();
    let codes = CODES.iter().map(|(code, _)| (*code).to_owned());
    let listed: BTreeSet<String> = codes.filter(|code| code.starts_with("config::")).collect();
    assert_eq!(covered, listed);
}

#[test]
fn whole_diagnostics() {
    let all: String = fixtures()
        .into_iter()
        .map(|(name, text)| format!("=== {name}\n{}", checked(&name, &text).render(false, 100)))
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn one_mistake_does_not_hide_another() {
    let text = r#"
        clocks = ["gdrp"]
        onlylisted = true
        [accounts.a]
        id = 1
        [accounts.b]
        id = "111122223333"
        dril = true
        [accounts.c]
        role = "x"
        [notifications.targets.t]
        slack = "https://hooks.example.com/x"
        ons = []
    "#;
    let checked = checked("many", text);
    let codes: Vec<_> = checked.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(
        codes,
        [
            "config::bad-value",
            "config::unknown-key",
            "config::bad-value",
            "config::unknown-key",
            "config::missing-key",
            "config::secret-in-file",
            "config::unknown-key",
        ]
    );
    let json = checked.to_json();
    assert_eq!((&json[1]["line"], &json[1]["column"]), (&3.into(), &9.into()));
    assert!(checked.config.account("b").is_some(), "what is good of it is kept");
}

#[test]
fn the_file_of_the_documentation_has_every_key_and_no_mistake() {
    let text = std::fs::read_to_string(root().join("docs/backburn.toml")).expect("the example");
    let checked = checked("backburn", &text);
    assert_eq!(checked.render(false, 100), "");
    let schema = json_schema();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let all = std::iter::once(&schema).chain(
        schema["$defs"].as_object().into_iter().flat_map(|definitions| definitions.values()),
    );
    for object in all {
        let properties = object["properties"].as_object().into_iter();
        keys.extend(properties.flat_map(|properties| properties.keys().cloned()));
    }
    assert!(keys.len() > 15, "{keys:?}");
    let manual = std::fs::read_to_string(root().join("docs/configuration.md")).expect("the manual");
    for key in keys {
        assert!(text.contains(&key), "`{key}` has no example");
        assert!(manual.contains(&format!("`{key}`")), "`{key}` is not documented");
    }
    for kind in EVERY_KIND {
        assert!(manual.contains(&format!("`{}`", kind.name())), "{}", kind.name());
    }
}

#[test]
fn accounts_are_found_by_name_and_id_and_drills_stay_in_theirs() {
    let text = r#"
        [accounts.production]
        id = "111122223333"
        regions = ["eu-central-1"]
        [accounts.game-day]
        id = "444455556666"
        drill = true
    "#;
    let config = checked("accounts", text).config;
    assert_eq!(config.account("111122223333").map(|(name, _)| name), Some("production"));
    assert_eq!(config.stance("111122223333", "eu-central-1", false), Stance::Listed);
    let elsewhere = config.stance("111122223333", "us-east-1", false);
    assert!(matches!(elsewhere, Stance::Unlisted(said) if said.contains("us-east-1")));
    let strict = Config { only_listed: true, ..config.clone() };
    let other = strict.stance("999988887777", "eu-central-1", false);
    assert!(matches!(other, Stance::Refused(said) if said.contains("999988887777")));
    assert_eq!(strict.stance("999988887777", "eu-central-1", true), Stance::Silent);
    assert_eq!(Config::default().stance("999988887777", "x", false), Stance::Silent);
    assert_eq!(config.allows_drill("444455556666", false), Ok(()));
    assert_eq!(config.allows_drill("111122223333", true), Ok(()));
    assert!(config.allows_drill("111122223333", false).is_err());
    assert!(config.allows_drill("999988887777", false).is_err());
}
