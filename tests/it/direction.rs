//! Who may know whom. Reads the source text: each module names only the modules below it, the files of
//! a room need each other in one direction only, and no action calls AWS by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::binary::root;

/// A module, and what it may name beside itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("playbook", &["text"]),
    ("journal", &["text"]),
    ("engine", &["journal"]),
    ("aws", &["engine"]),
    ("actions", &["aws", "engine", "playbook", "text"]),
    ("config", &["playbook"]),
    ("notify", &["config", "journal", "text"]),
    ("program", &["actions", "aws", "engine", "journal", "playbook", "text"]),
    ("drill", &["engine", "journal", "playbook", "program", "text"]),
    ("lab", &[]),
    ("crash_matrix", &["actions", "aws", "engine", "journal", "lab", "playbook"]),
    ("report", &["crash_matrix", "drill", "engine", "journal", "playbook", "program", "text"]),
    ("serve", &["journal", "report"]),
    (
        "conduct",
        &[
            "actions",
            "aws",
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
            "text",
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
            "text",
        ],
    ),
    ("fuzzing.rs", &["config"]),
    // The roots: arguments to exit code, and the list of modules.
    ("lib.rs", &[]),
    ("main.rs", &["cli", "text"]),
];

/// Rooms in which no two files need each other, by whatever way round.
const WITHOUT_CIRCLES: &[&str] = &["cli", "cli/drill", "conduct", "crash_matrix", "journal"];

/// Files of other rooms of which the first must not need the second.
const NEVER: &[(&str, &str)] = &[("engine/discard.rs", "release")];

/// Every source file below a folder of this repository.
fn files_in(folder: &str) -> Vec<PathBuf> {
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
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

fn files() -> Vec<PathBuf> {
    files_in("src")
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

/// Text for people leaves by `text` only, which shows what is hidden in it.
#[test]
fn no_other_file_names_a_stream() {
    let stream = Regex::new(
        r"\b(?:e?print(?:ln)?|dbg)!|\b(?:stdout|stderr)\(\)|\bMultiProgress\b|\bTerm::|/dev/(?:tty|std(?:out|err))",
    )
    .expect("a pattern");
    let source = root().join("src");
    let mut wrong = Vec::new();
    for path in files() {
        let inner = path.strip_prefix(&source).expect("a file in src");
        let is_own = ["text/stream.rs", "playbook/expr/hostile.rs"].map(Path::new).contains(&inner);
        if is_own || is_test(inner) {
            continue;
        }
        let code = code(&path);
        // Whether somebody can be asked is not writing.
        let code = code.replace("io::stderr().is_terminal()", "").replace("io::stdin()", "");
        wrong.extend(
            stream.find_iter(&code).map(|found| format!("{}: {}", inner.display(), found.as_str())),
        );
    }
    assert!(wrong.is_empty(), "print by `text::Stream` or a command's `Context`: {wrong:#?}");
}

/// Where text is made that has a syntax of its own, and escapes its values by that.
const WITH_SYNTAX: &[&str] = &["report/ci", "report/html", "report/digest.rs", "cli/reference.rs"];

/// A value that has a line break must not begin a line: `line!` adds a line, and a format that holds a value holds no
/// line break.
#[test]
fn a_value_begins_no_line() {
    let format =
        Regex::new(r#"\b(format|write|writeln)!\([^";]*"((?:[^"\\]|\\.)*)""#).expect("a pattern");
    let source = root().join("src");
    let mut wrong = Vec::new();
    for path in files() {
        let inner = path.strip_prefix(&source).expect("a file in src");
        let is_for_people = ["cli", "report", "conduct"].iter().any(|room| inner.starts_with(room));
        let has_syntax = WITH_SYNTAX.iter().any(|place| inner.starts_with(place));
        if !is_for_people || has_syntax || is_test(inner) {
            continue;
        }
        let code = code(&path);
        for found in format.captures_iter(&code) {
            let text = &found[2];
            if &found[1] == "writeln" || text.contains("\\n") && text.contains('{') {
                wrong.push(format!("{}: {text}", inner.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "add lines by `line!`: {wrong:#?}");
}

/// The paths of a file's `use` declarations and of its other code, without what stands in braces after
/// them: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    fn spread(prefix: &str, tree: &str, found: &mut Vec<String>) {
        let (mut depth, mut start) = (0, 0);
        let ends = tree.char_indices().chain([(tree.len(), ',')]);
        for (at, c) in ends {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    let one = tree[start..at].trim();
                    start = at + 1;
                    match one.split_once('{') {
                        Some((head, rest)) => {
                            let inner = rest.strip_suffix('}').unwrap_or(rest);
                            spread(&format!("{prefix}{}", head.trim()), inner, found);
                        }
                        None if one.is_empty() => {}
                        None => found.push(format!("{prefix}{one}").replace("::self", "")),
                    }
                }
                _ => {}
            }
        }
    }
    let uses = Regex::new(r"\buse ([^;]+);").expect("a pattern");
    let inline = Regex::new(r"\b(?:crate|super)(?:::\w+)+").expect("a pattern");
    let mut found = Vec::new();
    for used in uses.captures_iter(code) {
        spread("", &used[1], &mut found);
    }
    found.extend(inline.find_iter(code).map(|path| path.as_str().to_owned()));
    found
}

/// The files beside `file` that it needs, by name; what a `mod.rs` passes on belongs to its file.
fn needed(room: &str, code: &str, owners: &BTreeMap<String, String>) -> BTreeSet<String> {
    let here = format!("crate::{}::", room.replace('/', "::"));
    let inside = |path: &String| {
        let rest = path.strip_prefix("super::").or_else(|| path.strip_prefix(&here))?;
        let first = rest.split("::").next()?;
        owners.get(first.split(" as ").next()?.trim()).cloned()
    };
    paths(code).iter().filter_map(inside).collect()
}

/// Each name that a room's files go by, with the file it leads to.
fn owners(room: &Path) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for entry in std::fs::read_dir(room).expect("a room") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        if name != "mod" {
            owners.insert(name.clone(), name);
        }
    }
    let text = std::fs::read_to_string(room.join("mod.rs")).expect("a room's list");
    for path in paths(&text) {
        let path = path.strip_prefix("self::").unwrap_or(&path).to_owned();
        let (Some(first), Some(last)) = (path.split("::").next(), path.split("::").last()) else {
            continue;
        };
        if let Some(file) = owners.get(first).cloned() {
            let name = last.rsplit(" as ").next().unwrap_or(last).trim().to_owned();
            owners.entry(name).or_insert(file);
        }
    }
    owners
}

/// The first way back to where it began, if there is one.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        graph: &BTreeMap<String, BTreeSet<String>>,
        at: &str,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> bool {
        if way.iter().any(|name| name == at) {
            way.push(at.to_owned());
            return true;
        }
        if done.contains(at) {
            return false;
        }
        way.push(at.to_owned());
        if graph.get(at).into_iter().flatten().any(|next| walk(graph, next, way, done)) {
            return true;
        }
        way.pop();
        done.insert(at.to_owned());
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|name| {
        let mut way = Vec::new();
        walk(graph, name, &mut way, &mut done).then_some(way)
    })
}

/// A room's files, each with those beside it that it needs.
fn room(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = root().join("src").join(name);
    let owners = owners(&folder);
    let files: BTreeSet<_> = owners.values().cloned().collect();
    let mut graph = BTreeMap::new();
    for file in files {
        let path = folder.join(format!("{file}.rs"));
        if is_test(&path) || !path.is_file() {
            continue;
        }
        let mut needs = needed(name, &code(&path), &owners);
        needs.remove(&file);
        graph.insert(file, needs);
    }
    graph
}

#[test]
fn the_files_of_a_room_need_each_other_one_way() {
    for name in WITHOUT_CIRCLES {
        let graph = room(name);
        assert!(!graph.is_empty(), "`{name}` has no files");
        if let Some(way) = circle(&graph) {
            panic!("in `{name}`: {}", way.join(" -> "));
        }
    }
    for (file, other) in NEVER {
        let path = root().join("src").join(file);
        let (room, _) = file.split_once('/').expect("a room");
        let owners = owners(&root().join("src").join(room));
        assert!(owners.contains_key(*other), "{other} is gone");
        assert!(!needed(room, &code(&path), &owners).contains(*other), "{file} needs {other}");
    }
}

#[test]
fn a_circle_is_found_through_what_a_room_passes_on() {
    let owners = [("a", "a"), ("b", "b"), ("Of", "a")].map(|(n, f)| (n.to_owned(), f.to_owned()));
    let owners = owners.into();
    let a = needed("x", "use super::{Other, b::{self, c}};", &owners);
    let b = needed("x", "use std::io;\nfn f() { crate::x::Of::g() }", &owners);
    assert_eq!((a.len(), b.len()), (1, 1), "{a:?} {b:?}");
    let graph: BTreeMap<_, _> = [("a".to_owned(), a), ("b".to_owned(), b)].into();
    assert_eq!(circle(&graph).expect("a circle"), ["a", "b", "a"]);
}

#[test]
fn the_scan_sees_what_it_must() {
    let code = "use crate::{\n    actions::{Action, page},\n    aws::Aws,\n};\nlet x = crate::report::look();";
    let names: Vec<_> = named(code).into_iter().collect();
    assert_eq!(names, ["actions", "aws", "report"]);
}

/// The SDK's paginators end in silence when a token is repeated, and a loop of one's own ends at whatever
/// it takes for the end. Only the readers of the crash matrix, which share no code with a run, use them.
#[test]
fn every_listing_is_read_by_the_one_helper() {
    let own = Regex::new(r"into_paginator|set_(next_token|marker|continuation_token|key_marker|exclusive_start_key)\(")
        .expect("a pattern");
    let helped = Regex::new(r"Pages::new").expect("a pattern");
    for path in files_in("src/aws") {
        let inner = path.strip_prefix(root()).expect("a file of ours");
        if is_test(inner) || inner.ends_with("account.rs") {
            continue;
        }
        let code = code(&path);
        assert!(!code.contains("into_paginator"), "{}: use `Pages`", inner.display());
        let (own, helped) = (own.find_iter(&code).count(), helped.find_iter(&code).count());
        assert_eq!(own, helped, "{}: a page is asked for beside `Pages`", inner.display());
    }
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

/// The front is a crate, so it cannot name the product. The product starts it in `lab`, and nowhere else.
#[test]
fn only_the_lab_names_the_crate_of_the_front() {
    let names = |path: &PathBuf| code(path).contains("backburn_front");
    let found: BTreeSet<_> = files().into_iter().filter(names).collect();
    let lab = root().join("src/lab");
    assert!(!found.is_empty(), "the lab names it");
    assert!(found.iter().all(|path| path.starts_with(&lab)), "{found:#?}");
}

#[test]
fn every_file_says_what_it_owns_and_stays_small() {
    let mut wrong = Vec::new();
    for folder in ["src", "crates", "tests/it", "benches"] {
        let all = if ["src", "crates"].contains(&folder) {
            files_in(folder)
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
