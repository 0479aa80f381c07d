//! The report of real runs, and what a real browser makes of hostile names in one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use backburn::report::{html, model::Report};
use regex_lite::Regex;
use serde_json::Value;

use crate::binary::{Desk, RUN};
use crate::browser;
use crate::playbooks::compromised;

fn run(desk: &Desk, seed: &backburn::lab::seed::Seed) {
    let inputs = compromised(seed);
    let mut args = vec!["run", "playbooks/ec2-crypto-mining.yaml"];
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    args.extend(RUN);
    desk.ends(0, &args);
}

#[test]
fn a_run_leaves_its_report_and_release_writes_it_anew() {
    let (desk, seed) = Desk::seeded();
    run(&desk, &seed);
    let page = desk.run_dir().join("report.html");
    let text = std::fs::read_to_string(&page).expect("a report");
    assert!(text.contains(&seed.instance) && text.contains("isolate") && !text.contains("<script"));
    let report: Report = serde_json::from_str(
        &desk.ends(0, &["report", "last", "--format", "json", "--clocks", "gdpr,sec"]).out,
    )
    .expect("a report");
    assert_eq!(report.clocks.len(), 2);
    assert!(report.verdicts.iter().any(|row| row.verdict == "proven"));
    assert!(report.steps.iter().any(|step| step.critical));
    assert!(report.run.journal.files_match && !report.changes.is_empty());
    let markdown = desk.ends(0, &["report", "last", "--format", "md"]).out;
    assert!(markdown.contains("## Containment") && markdown.contains("## Changes"), "{markdown}");
    desk.ends(0, &["release", "last", "--yes"]);
    let text = std::fs::read_to_string(&page).expect("a report");
    assert!(text.contains("Released: what the run took is given back"));
    let readiness = desk.path("readiness.html").display().to_string();
    desk.ends(0, &["readiness", "--out", &readiness]);
    assert!(std::fs::read_to_string(readiness).expect("a page").contains("ec2-crypto-mining"));
}

#[test]
fn evidence_that_was_changed_shows() {
    let (desk, seed) = Desk::seeded();
    run(&desk, &seed);
    std::fs::write(
        desk.run_dir().join("playbook.yaml"),
        "playbook: other\ntitle: Another\nsummary: somebody else's words\n",
    )
    .expect("written");
    let report: Report =
        serde_json::from_str(&desk.ends(0, &["report", "last", "--format", "json"]).out)
            .expect("a report");
    assert!(!report.run.journal.files_match);
    assert_eq!(report.run.purpose, None, "the playbook that lies there is not this run's");
    assert!(report.summary.open.iter().any(|one| one.text.contains("do not match the journal")));
    assert!(!report.steps.is_empty(), "the plan still names the steps");
}

/// The document as the browser understood it, after everything in it had its chance to run.
fn dom(browser: &Path, page: &Path) -> String {
    let done = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn elements(dom: &str) -> BTreeMap<String, usize> {
    let tag = Regex::new(r"<([a-zA-Z][a-zA-Z0-9]*)[ >/]").expect("a pattern");
    let mut counts = BTreeMap::new();
    for found in tag.captures_iter(dom) {
        *counts.entry(found[1].to_lowercase()).or_default() += 1;
    }
    counts
}

/// Appends the text to every string that may hold any.
fn poisoned(report: &Value, poison: &str) -> Report {
    fn walk(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, one)| walk(one, format!("{at}/{n}"), found));
            }
            Value::Object(map) => {
                map.iter().for_each(|(key, one)| {
                    walk(one, format!("{at}/{}", key.replace('/', "~1")), found);
                });
            }
            _ => {}
        }
    }
    let (mut json, mut places) = (report.clone(), Vec::new());
    walk(report, String::new(), &mut places);
    for place in places {
        let slot = json.pointer_mut(&place).expect("a string");
        let before = slot.clone();
        *slot = format!("{}{poison}", before.as_str().unwrap_or_default()).into();
        if serde_json::from_value::<Report>(json.clone()).is_err() {
            *json.pointer_mut(&place).expect("a string") = before;
        }
    }
    serde_json::from_value(json).expect("a report")
}

#[test]
fn hostile_names_stay_names_in_a_real_browser() {
    let Some(browser) = browser::found() else {
        eprintln!("\n*** SKIPPED: hostile names in a real browser\n*** no Chromium on PATH\n");
        return;
    };
    let (desk, seed) = Desk::seeded();
    run(&desk, &seed);
    let report = desk.json(&["report", "last", "--format", "json", "--clocks", "gdpr"]);
    let harmless = "x".repeat(120);
    let hostile = "\"'></title></style></svg><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><base href=//x><iframe srcdoc=x></iframe>";
    let page = |poison: &str| html::html(&poisoned(&report, poison));
    let (clean, attacked) = (page(&harmless), page(hostile));
    // Even without the policy, escaping alone must suffice.
    let bare = attacked.replace("http-equiv=\"Content-Security-Policy\"", "name=\"none\"");
    assert_ne!(bare, attacked);
    let shown = |name: &str, page: &str| {
        let path = desk.path(name);
        std::fs::write(&path, page).expect("written");
        dom(&browser, &path)
    };
    let expected = elements(&shown("clean.html", &clean));
    assert!(expected.len() > 20, "{expected:?}");
    for (name, page) in [("attacked.html", &attacked), ("bare.html", &bare)] {
        let dom = shown(name, page);
        let found = elements(&dom);
        for tag in ["script", "img", "base", "iframe"] {
            assert!(!found.contains_key(tag), "{name} has a {tag}");
        }
        assert!(!dom.contains("<title>pwned"), "{name} ran a script");
        assert_eq!(found, expected, "{name}");
    }
}
