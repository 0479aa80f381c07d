//! Documents that must agree with the program: the generated references, the exit codes, the variables, the
//! links and file names of pages. And no file has a path of the machine it was written on.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use regex_lite::Regex;

use crate::binary::{self, Desk, root};

/// Every Rust file of the program, with its text.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("src"), root().join("crates")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    found
}

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
fn the_reference_of_the_command_line_is_up_to_date_whatever_the_environment() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let mut other = desk.command(&["man", "--markdown", "--color", "always"]);
    other.envs([("COLUMNS", "40"), ("BACKBURN_CLOCKS", "gdpr"), ("BACKBURN_CONFIG", "none")]);
    let other = other.output().expect("the program starts").stdout;
    let now = desk.ends(0, &["man", "--markdown"]).out;
    assert_eq!(String::from_utf8(other).expect("UTF-8"), now);
    assert!(
        now == read("docs/cli.md"),
        "write it again: cargo run -q -- man --markdown > docs/cli.md"
    );
}

#[test]
fn the_exit_codes_of_the_reference_are_those_of_the_program() {
    let numbers = |pattern: &str, text: &str| -> Vec<u8> {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.captures_iter(text).map(|found| found[1].parse().expect("a number")).collect()
    };
    let codes = sources().into_iter().find(|(_, text)| text.contains("\npub enum Exit {"));
    let program = numbers(r"(?m)^    \w+ = (\d+),$", &codes.expect("the exit codes").1);
    assert!(program.len() > 10, "{program:?}");
    assert_eq!(program, (0..program.len() as u8).collect::<Vec<_>>());
    let reference = read("docs/cli.md");
    let table = reference.split("## Exit codes").nth(1).expect("a section on exit codes");
    let table = table.split("\n## ").next().expect("a section");
    assert_eq!(numbers(r"(?m)^\| (\d+) \|", table), program);
}

#[test]
fn every_command_is_in_the_overview_of_the_reference() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let help = desk.ends(0, &["--help"]).out;
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let commands = commands.split("\n\n").next().expect("a list");
    let reference = read("docs/cli.md");
    let overview = reference.split("\n## ").next().expect("an overview");
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()) {
        let row = format!("\n| `{command}");
        assert!(overview.contains(&row), "{command}");
    }
}

#[test]
fn the_readme_is_one_page_and_its_playbook_is_valid() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 130, "{lines} lines: the details belong in docs/");
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    // The longer example keeps its evidence in one account, and its page mentions the warning.
    let pages = [(readme, &["--deny", "hazards"][..]), (read("docs/playbooks.md"), &[])];
    for (page, strict) in pages {
        let playbook = page.split("```yaml\n").nth(1).expect("a playbook");
        let playbook = playbook.split("```").next().expect("its end");
        let file = desk.path("playbook.yaml");
        std::fs::write(&file, playbook).expect("a file");
        desk.ends(0, &[&["check", &file.display().to_string()], strict].concat());
    }
}

/// What a newcomer types works wherever the lab answers, and no command comes before the line that says how it came.
#[test]
fn commands_of_pages_name_no_port_and_no_program_that_is_not_there_yet() {
    let mut seen = 0;
    for page in pages() {
        for block in read(&page).split("```sh\n").skip(1) {
            let block = block.split("```").next().expect("its end");
            seen += 1;
            assert!(!block.contains("127.0.0.1:4566"), "{page}: `lab env` knows the port\n{block}");
        }
    }
    assert!(seen > 10, "{seen}");
    for page in ["README.md", "docs/tour.md"] {
        let text = read(page);
        let install = text.find("cargo install --path .").expect("how it comes to be there");
        let mut blocks = text.match_indices("```sh\n").map(|(at, _)| at);
        let is_bare = |at: &usize| {
            let block = text[at + 6..].split("```").next().expect("its end");
            block.lines().any(|line| line.starts_with("backburn "))
        };
        let first = blocks.find(is_bare).expect("a command");
        assert!(install < first, "{page}");
    }
}

/// The cases of the page on policies have the answers that stand there.
#[test]
fn the_cases_of_the_page_are_judged_as_it_says() {
    let page = read("docs/policy.md");
    let block = |start: &str| -> String {
        let after = page.split(start).nth(1).expect("a block");
        after.split("```").next().expect("its end").to_owned()
    };
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let file = desk.path("cases.jsonl");
    std::fs::write(&file, block("```jsonl\n")).expect("a file");
    let judged = desk.ends(0, &["can", "--cases", &file.display().to_string()]);
    assert_eq!(judged.out, block("```json\n"));
    let help = desk.ends(0, &["can", "--help"]).out;
    assert!(help.contains("docs/policy.md"), "{help}");
    // Every field that is read is in the table.
    let source = read("crates/policy/src/cases.rs");
    let field = Regex::new(r#"(?:get|text|documents?|levels)\((?:case, )?"([a-zA-Z]+)"\)"#);
    let fields: BTreeSet<_> = field
        .expect("a pattern")
        .captures_iter(&source)
        .map(|found| found[1].to_owned())
        .filter(|field| field != "request")
        .collect();
    assert!(fields.len() > 9, "{fields:?}");
    for field in fields {
        assert!(
            page.contains(&format!("`{field}`")) || page.contains(&format!(".{field}`")),
            "{field}"
        );
    }
}

/// A transcript without what differs between runs, and without what differs between the tour and the tests.
fn comparable(text: &str) -> BTreeSet<String> {
    let number = Regex::new(r"\b\d+ (given back|already before|retained|conflicts|failed)")
        .expect("a pattern");
    let text = binary::masked(&text.replace("123456789012", "ACCOUNT"))
        .replace("/home/me/.local/state/backburn/runs", "TEMP/home/runs")
        .replace("http://PORT", "http://LAB")
        .replace("IR-2026-7", "IR-7");
    let text = number.replace_all(&text, "N $1");
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn transcripts_show_what_the_program_prints() {
    let printed = ["plan", "run", "runs-show", "release", "release-step"]
        .map(|name| read(&format!("tests/it/snapshots/it__cli__{name}.snap")));
    let printed = comparable(&printed.concat());
    let demo = read("src/cli/demo.rs");
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in ["README.md", "docs/tour.md"] {
        let text = read(page);
        let transcripts =
            text.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
        // A drill's scorecard is no snapshot: its times differ.
        for transcript in transcripts.filter(|text| !text.starts_with("Drill ")) {
            for line in comparable(transcript) {
                // Shortened in the page, or in the output to fit a width that depends on the home.
                if line.is_empty() || line.contains("[...]") || line.contains('…') {
                    continue;
                }
                seen += 1;
                let start = line.split(':').next().unwrap_or_default();
                if !printed.contains(&line) && !demo.contains(start) {
                    wrong.push(format!("{page}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty() && seen > 60, "{seen}: {wrong:#?}");
}

/// The pages for people, by their path from the root.
fn pages() -> Vec<String> {
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let mut pages: Vec<_> = top.map(String::from).into();
    for entry in std::fs::read_dir(root().join("docs")).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^()\s]+)\)").expect("a pattern");
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = read(&page);
        let folder = Path::new(&page).parent().expect("a folder");
        for found in link.captures_iter(&text).filter(|found| !found[1].contains("://")) {
            seen += 1;
            let (file, anchor) = found[1].split_once('#').unwrap_or((&found[1], ""));
            let file = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            let path = root().join(&file);
            let leads = path.exists()
                && (anchor.is_empty()
                    || anchors(&read(&file.display().to_string())).contains(anchor));
            if !leads {
                wrong.push(format!("{page}: {}", &found[1]));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 50, "{seen}: {wrong:#?}");
}

#[test]
fn playbooks_and_simulations_that_pages_name_exist() {
    let named = Regex::new(r"\b(?:playbooks|simulations)/[a-z0-9-]+\.yaml").expect("a pattern");
    let pipelines = ["game-day.yml", "gitlab-ci.yml", "pull-request.yml"];
    let pipelines = pipelines.map(|name| format!("docs/ci/{name}"));
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages().into_iter().chain(pipelines) {
        for found in named.find_iter(&read(&page)) {
            seen += 1;
            if !root().join(found.as_str()).exists() {
                wrong.push(format!("{page}: {}", found.as_str()));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 10, "{seen}: {wrong:#?}");
}

#[test]
fn every_variable_that_the_program_reads_is_documented() {
    // Named by unit tests alone.
    const TESTS: [&str; 4] =
        ["BACKBURN_FIS_SERVE", "BACKBURN_NO_SUCH_NAME", "BACKBURN_PAGES", "BACKBURN_TEST_"];
    let variable = Regex::new(r#""(BACKBURN_[A-Z_]+)""#).expect("a pattern");
    let page = read("docs/environment.md");
    let mut names = BTreeSet::new();
    for (_, text) in sources() {
        names.extend(variable.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    names.retain(|name| !TESTS.iter().any(|test| name.starts_with(test)));
    assert!(names.len() >= 7, "{names:?}");
    let missing: Vec<_> =
        names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
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
