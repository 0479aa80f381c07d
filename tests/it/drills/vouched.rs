//! Scorecards that somebody put into a run's folder, changed, took away or brought from elsewhere: none counts, and each
//! is named.

use std::fs;

use serde_json::json;

use super::past::{Past, alone};
use crate::binary::Desk;
use crate::whose::copy;

const RUN: &str = "01KAAAAAAAAAAAAAAAAAAAAAAA";
const THEN: &str = "2026-09-07T10:00:00Z";

fn detection(outcome: &str) -> serde_json::Value {
    json!({ "part": "detection", "name": "finding", "outcome": outcome, "budget": 900.0, "took": 1800.0 })
}

/// A drill that missed its objective.
fn missed(desk: &Desk) -> Past<'_> {
    let past = Past { desk, run: RUN };
    past.scored(THEN, "missed", &detection("missed"));
    past
}

fn pass(past: &Past<'_>) -> String {
    past.card(THEN, "pass", &detection("pass"))
}

/// No reader counts a drill, and each says why.
fn is_not_counted(desk: &Desk, why: &str) {
    let simulation = "simulations/leaked-key.yaml";
    let commands: [(&[&str], i32); 4] = [
        (&["drill", "history"], 0),
        (&["drill", "list", simulation], 0),
        (&["drill", "due", simulation], 11),
        (&["readiness", "--fail-stale", "90d", "--out", "-"], 11),
    ];
    for (command, code) in commands {
        let ended = desk.ends(code, command);
        assert!(
            ended.err.contains("not counted") && ended.err.contains(why),
            "{command:?}: {ended:?}"
        );
        assert!(ended.err.contains("run the drill again"), "{command:?}: {ended:?}");
    }
    let history = desk.ends(0, &["drill", "history"]);
    assert_eq!(history.out, "no drill has been run\n");
    let readiness = desk.json(&["readiness", "--json"]);
    assert_eq!(readiness["not-counted"][0]["run"], RUN, "{readiness:#}");
    let drills = readiness["drills"].as_array().expect("drills");
    assert!(drills.iter().all(|drill| drill["history"] == json!([])), "{readiness:#}");
}

/// The run has no other files, so it does not verify as a whole.
fn verifies(desk: &Desk, word: &str) {
    let verified = desk.ends(1, &["runs", "verify", RUN]);
    assert!(verified.out.contains(&format!("drill.json: {word}")), "{verified:?}");
}

#[test]
fn a_scorecard_that_its_run_saved_counts() {
    let desk = alone();
    missed(&desk);
    let history = desk.ends(0, &["drill", "history"]);
    assert!(history.out.contains("missed") && history.err.is_empty(), "{history:?}");
    verifies(&desk, "as recorded");
    insta::assert_snapshot!("shown", desk.shown(&desk.ends(0, &["runs", "show", RUN])));
}

#[test]
fn a_changed_scorecard_is_not_counted() {
    let desk = alone();
    let past = missed(&desk);
    fs::write(past.file(), pass(&past)).expect("written");
    is_not_counted(&desk, "was changed after it was saved");
    verifies(&desk, "CHANGED");
    insta::assert_snapshot!("changed", desk.shown(&desk.ends(0, &["drill", "history"])));
    let report = desk.ends(0, &["report", RUN, "--format", "md"]);
    assert!(report.out.contains("scorecard in the run's folder is changed"), "{report:?}");
}

/// One that counted once and was replaced since, such as after a release that left something.
#[test]
fn an_older_scorecard_is_not_counted() {
    let desk = alone();
    let past = Past { desk: &desk, run: RUN };
    past.scored(THEN, "pass", &detection("pass"));
    let first = fs::read(past.file()).expect("a scorecard");
    past.saved(&past.card(THEN, "left-over", &detection("pass")), "left-over");
    assert!(desk.ends(0, &["drill", "history"]).out.contains("left-over"));
    fs::write(past.file(), first).expect("written");
    is_not_counted(&desk, "was changed after it was saved");
}

#[test]
fn a_scorecard_that_was_taken_away_is_named() {
    let desk = alone();
    let past = missed(&desk);
    fs::remove_file(past.file()).expect("removed");
    is_not_counted(&desk, "is missing");
    verifies(&desk, "MISSING");
}

/// Of an earlier version, whose journals had no hash of it; or of somebody who put it there.
#[test]
fn a_scorecard_without_a_record_is_not_counted() {
    let desk = alone();
    let past = Past { desk: &desk, run: RUN };
    past.begun();
    fs::write(past.file(), pass(&past)).expect("written");
    is_not_counted(&desk, "an earlier version wrote it, or somebody else did");
    verifies(&desk, "NOT LISTED");
}

#[test]
fn a_folder_with_nothing_but_a_scorecard_is_not_counted() {
    let desk = alone();
    let past = Past { desk: &desk, run: RUN };
    fs::create_dir_all(past.path()).expect("made");
    fs::write(past.file(), pass(&past)).expect("written");
    is_not_counted(&desk, "its journal is unsigned");
}

/// Another user's drill counts once somebody has looked at it and taken it over, and not before.
#[test]
fn a_drill_of_another_user_counts_once_it_is_ones_own() {
    let (theirs, mine) = (alone(), alone());
    Past { desk: &theirs, run: RUN }.scored(THEN, "pass", &detection("pass"));
    copy(&theirs.path("home/runs"), &mine.path("home/runs"));
    is_not_counted(&mine, "signed by another key");
    let home = mine.path("home").display().to_string();
    let shown = mine.ends(4, &["trust", &home]);
    assert!(shown.err.contains("scorecard counts in `drill history`"), "{shown:?}");
    let (_, yes) = shown.err.split_once("--yes=").expect("a hash");
    mine.ends(0, &["trust", &home, &format!("--yes={}", &yes[..32])]);
    let history = mine.ends(0, &["drill", "history"]);
    assert!(history.out.contains("pass") && history.err.is_empty(), "{history:?}");
    // The record of the other run is not this one's: a folder under another name is another run.
    let twin = "01KBBBBBBBBBBBBBBBBBBBBBBB";
    copy(&mine.path("home/runs").join(RUN), &mine.path("home/runs").join(twin));
    let history = mine.ends(0, &["drill", "history"]);
    assert!(history.err.contains(twin) && history.err.contains("TAMPERED"), "{history:?}");
    assert_eq!(history.out.matches("pass").count(), 1, "{history:?}");
}
