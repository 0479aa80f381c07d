//! Each invalid playbook through `backburn check`: exit code and whole diagnostic, a snapshot a file.

use crate::binary::{Desk, root};

/// Said, and no reason to fail.
const WARNINGS: &[&str] = &["playbook.unused-input", "playbook.duplicate-need"];

/// Names of the YAML files of a folder of fixtures.
fn fixtures(folder: &str) -> Vec<String> {
    let folder = root().join("tests/fixtures").join(folder);
    let files =
        std::fs::read_dir(folder).expect("the fixtures").map(|file| file.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    let mut names: Vec<_> = files
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Every mistake that only a simulation can have, and a few that both formats share.
#[test]
fn each_mistake_of_a_simulation_is_explained() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let names = fixtures("invalid-simulations");
    let mut wrong = Vec::new();
    for name in &names {
        let file = format!("tests/fixtures/invalid-simulations/{name}.yaml");
        let ended = desk.run(&["check", &file]);
        let found = desk.run(&["--json", "check", &file]);
        let found: serde_json::Value = serde_json::from_str(&found.out).expect("JSON");
        let codes = found["diagnostics"].as_array().expect("a list").iter().map(|one| &one["code"]);
        let codes: Vec<_> = codes.collect();
        let code = name.split("--").next().unwrap_or(name).replacen('.', "::", 1);
        if codes != [&serde_json::Value::from(code)] {
            wrong.push(format!("{name}: {codes:?}"));
        }
        insta::assert_snapshot!(format!("simulation--{name}"), desk.shown(&ended));
    }
    for (code, _) in backburn::playbook::codes::CODES {
        let name = code.replace("::", ".");
        if code.starts_with("simulation::") && !names.contains(&name) {
            wrong.push(format!("{code} has no fixture"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_mistake_is_explained() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let names = fixtures("invalid");
    let mut wrong = Vec::new();
    for name in names {
        let file = format!("tests/fixtures/invalid/{name}.yaml");
        let ended = desk.run(&["check", &file]);
        let warning = WARNINGS.contains(&name.as_str()) || name.starts_with("hazard.");
        let expected = if warning { 0 } else { 3 };
        if ended.code != Some(expected) {
            wrong.push(format!("{name}: {:?}", ended.code));
        }
        // The fixture with four thousand letters in a line.
        let shown = desk.shown(&ended).replace(&"x".repeat(4200), "x...x");
        insta::assert_snapshot!(name, shown);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
