//! Who may know whom. Reads the source text: each module names only the modules below it, and no
//! action calls AWS by itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::binary::root;

/// A module, and what it may name beside itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("playbook", &[]),
    ("journal", &["engine"]),
    ("engine", &["journal"]),
    ("aws", &["engine"]),
    ("actions", &["aws", "engine", "playbook"]),
    ("config", &["playbook"]),
    ("notify", &["config", "journal"]),
    ("program", &["actions", "aws", "engine", "journal", "playbook"]),
    ("drill", &["engine", "journal", "playbook", "program"]),
    ("lab", &[]),
    ("crash_matrix", &["engine", "journal", "lab"]),
    ("report", &["crash_matrix", "drill", "engine", "journal", "playbook", "program"]),
    ("serve", &["journal", "report"]),
    (
        "conduct",
        &[
            "actions",
            "aws",
            "cli",
            "config",
            "crash_matrix",
            "drill",
            "engine",
            "journal",
            "lab",
            "notify",
            "playbook",
            "program",
            "report",
        ],
    ),
    (
        "cli",
        &[
            "actions",
            "aws",
            "conduct",
            "config",
            "crash_matrix",
            "drill",
            "engine",
            "journal",
            "lab",
            "notify",
            "playbook",
            "program",
            "report",
            "serve",
        ],
    ),
    // The roots: arguments to exit code, and the list of modules.
    ("lib.rs", &[]),
    ("main.rs", &["cli"]),
];

/// Every source file, relative to `src`.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    found.sort();
    found
}

/// The code of a file without its comments and tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file");
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    path.components().any(|part| part.as_os_str() == "tests")
        || name == "tests"
        || name.ends_with("_tests")
        || name == "testing"
}

/// Modules that code names as `crate::name` or in `use crate::{name, ..}`.
fn named(code: &str) -> BTreeSet<String> {
    let path = Regex::new(r"\b(?:crate|backburn)::(\w+)").expect("a pattern");
    let mut found: BTreeSet<_> =
        path.captures_iter(code).map(|found| found[1].to_owned()).collect();
    for (at, open) in code.match_indices("crate::{") {
        let (mut depth, mut word, mut first) = (1, String::new(), true);
        for c in code[at + open.len()..].chars() {
            if depth == 1 && first && (c.is_alphanumeric() || c == '_') {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                found.insert(std::mem::take(&mut word));
                first = false;
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => first = true,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn modules_name_only_what_is_below_them() {
    let source = root().join("src");
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for path in files() {
        let inner = path.strip_prefix(&source).expect("a file in src");
        let first = inner.components().next().expect("a part").as_os_str().to_string_lossy();
        let Some((module, allowed)) = ALLOWED.iter().find(|(name, _)| *name == first) else {
            panic!("src/{first} is new: say in ALLOWED what it may name");
        };
        seen.insert(*module);
        if is_test(inner) {
            continue;
        }
        for name in named(&code(&path)) {
            let is_module = source.join(&name).is_dir();
            if is_module && name != *module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} names `{name}`", inner.display()));
            }
        }
    }
    assert_eq!(seen.len(), ALLOWED.len(), "a module of ALLOWED is gone: {seen:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_scan_sees_what_it_must() {
    let code = "use crate::{\n    actions::{Action, page},\n    aws::Aws,\n};\nlet x = crate::report::look();";
    let names: Vec<_> = named(code).into_iter().collect();
    assert_eq!(names, ["actions", "aws", "report"]);
}

/// An action reads, sets and starts by its step handle only: so each gets plans, resume and release.
#[test]
fn no_action_calls_aws_by_itself() {
    for path in files() {
        let inner = path.strip_prefix(root()).expect("a file of ours");
        if !inner.starts_with("src/actions") || is_test(inner) {
            continue;
        }
        let code = code(&path);
        for never in ["aws_sdk_", ".ec2()", ".iam()", ".ssm()", ".sts()", ".fis()", ".sns()"] {
            assert!(!code.contains(never), "{} has `{never}`", inner.display());
        }
    }
}

#[test]
fn every_file_says_what_it_owns_and_stays_small() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests/it", "benches"] {
        let all = if folder == "src" {
            files()
        } else {
            let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
            let paths = entries.map(|entry| entry.expect("an entry").path());
            paths.filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect()
        };
        for path in all {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let name = path.strip_prefix(root()).expect("ours").display().to_string();
            if !text.starts_with("//! ") {
                wrong.push(format!("{name} does not start with `//!`"));
            }
            if text.lines().count() > 500 {
                wrong.push(format!("{name} has {} lines", text.lines().count()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
