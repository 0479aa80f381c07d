//! One invalid file a mistake; the file name says the code.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::playbook::codes::CODES;
use crate::playbook::testing::catalogue;
use crate::program::check;

fn fixtures() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/invalid");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a readable fixture"))
        })
        .collect();
    files.sort();
    files
}

fn code_of(name: &str) -> String {
    name.split("--").next().expect("a first part").replacen('.', "::", 1)
}

#[test]
fn each_fixture_reports_its_code_and_no_other() {
    let catalogue = catalogue();
    let mut wrong = String::new();
    for (name, text) in fixtures() {
        let checked = check(&format!("{name}.yaml"), &text, &catalogue);
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
        // Simulations have fixtures of their own.
        .filter(|(code, _)| !code.starts_with("simulation::"))
        .map(|(code, _)| (*code).to_owned())
        .collect();
    assert_eq!(covered, listed);
    let all: BTreeSet<_> = CODES.iter().map(|(code, _)| code).collect();
    assert_eq!(all.len(), CODES.len(), "a code is listed twice");
}

#[test]
fn whole_diagnostics() {
    let catalogue = catalogue();
    let all: String = fixtures()
        .into_iter()
        .map(|(name, text)| {
            let checked = check(&format!("{name}.yaml"), &text, &catalogue);
            format!("=== {name}\n{}", checked.render(false, 120))
        })
        .collect();
    // The fixture with four thousand letters in a line.
    let all = all.replace(&"x".repeat(4200), "x...x");
    insta::assert_snapshot!(all);
}
