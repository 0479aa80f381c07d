//! Documents that must say what the program does: the generated reference, the table of exit codes,
//! and no path of the machine that something was written on.

use std::process::Command;

use regex_lite::Regex;

use crate::binary::{Desk, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_reference_of_actions_is_up_to_date() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let now = desk.ends(0, &["actions", "--markdown"]).out;
    assert!(
        now == read("docs/actions.md"),
        "write it anew: cargo run -q -- actions --markdown > docs/actions.md"
    );
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let numbers = |pattern: &str, text: &str| -> Vec<u8> {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.captures_iter(text).map(|found| found[1].parse().expect("a number")).collect()
    };
    let program = numbers(r"(?m)^    \w+ = (\d+),$", &read("src/cli/exit.rs"));
    assert_eq!(program, (0..program.len() as u8).collect::<Vec<_>>());
    let readme = read("README.md");
    let table = readme.split("## Exit codes").nth(1).expect("a section on exit codes");
    let table = table.split("\n## ").next().expect("a section");
    assert_eq!(numbers(r"(?m)^\| (\d+) \|", table), program);
}

#[test]
fn every_command_is_in_the_readme() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let help = desk.ends(0, &["--help"]).out;
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let commands = commands.split("\n\n").next().expect("a list");
    let readme = read("README.md");
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()) {
        let row = format!("\n| `{command}");
        assert!(readme.contains(&row), "{command}");
    }
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = match listed {
        Ok(listed) if listed.status.success() => listed.stdout,
        // An unpacked release has no repository.
        _ => return,
    };
    let listed = String::from_utf8(listed).expect("UTF-8");
    // In parts, for this file is read too.
    let never = ["work", "root"].map(|folder| format!("/{folder}/"));
    let mut wrong = Vec::new();
    for file in listed.split_terminator('\0') {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if never.iter().any(|never| line.contains(never.as_str())) {
                wrong.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
