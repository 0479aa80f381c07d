//! Each invalid playbook through `backburn check`: exit code and whole diagnostic, a snapshot a file.

use crate::binary::{Desk, root};

/// Said, and no reason to fail.
const WARNINGS: &[&str] = &["playbook.unused-input", "playbook.duplicate-need"];

#[test]
fn each_mistake_is_explained() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let folder = root().join("tests/fixtures/invalid");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .filter_map(|file| file.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
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
