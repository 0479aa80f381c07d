//! What the commands around a drill print, whole: `list`, `history`, `due`, `schedule`, `export-fis`.

use serde_json::json;

use super::past::{Past, alone};
use crate::binary::Desk;

/// A past drill whose detection took `took` seconds.
fn kept(desk: &Desk, run: &str, started: &str, outcome: &str, took: f64) {
    let clocks = json!({ "effective": started, "created": started, "received": started });
    let detection = json!({ "part": "detection", "name": "finding", "outcome": outcome,
        "budget": 900.0, "took": took, "clocks": clocks });
    Past { desk, run }.scored(started, outcome, &detection);
}

fn drilled() -> Desk {
    let desk = alone();
    kept(&desk, "01KAAAAAAAAAAAAAAAAAAAAAAA", "2026-09-07T10:00:00Z", "missed", 1800.0);
    kept(&desk, "01KBBBBBBBBBBBBBBBBBBBBBBB", "2026-09-14T10:00:00Z", "late", 1000.0);
    kept(&desk, "01KCCCCCCCCCCCCCCCCCCCCCCC", "2026-09-21T10:00:00Z", "pass", 300.5);
    desk
}

#[test]
fn what_there_is_to_drill() {
    let desk = alone();
    insta::assert_snapshot!("list", desk.shown(&desk.ends(0, &["drill", "list"])));
    let desk = drilled();
    let one = ["drill", "list", "simulations/leaked-key.yaml", "--json"];
    insta::assert_snapshot!("list-json", desk.shown(&desk.ends(0, &one)));
    insta::assert_snapshot!(
        "list-nothing",
        desk.shown(&desk.ends(2, &["drill", "list", "no-such"]))
    );
    let playbook = ["drill", "list", "playbooks/iam-key-leak.yaml"];
    insta::assert_snapshot!("list-playbook", desk.shown(&desk.ends(3, &playbook)));
}

#[test]
fn how_it_went() {
    let desk = alone();
    insta::assert_snapshot!("history-none", desk.shown(&desk.ends(0, &["drill", "history"])));
    let desk = drilled();
    insta::assert_snapshot!("history", desk.shown(&desk.ends(0, &["drill", "history"])));
    let one = ["drill", "history", "leaked-key", "--json"];
    insta::assert_snapshot!("history-json", desk.shown(&desk.ends(0, &one)));
    let other = ["drill", "history", "az-network-loss"];
    insta::assert_snapshot!("history-other", desk.shown(&desk.ends(0, &other)));
}

#[test]
fn what_is_overdue() {
    let desk = drilled();
    insta::assert_snapshot!("due", desk.shown(&desk.ends(11, &["drill", "due"])));
    let now = jiff::Timestamp::now().to_string();
    kept(&desk, "01KDDDDDDDDDDDDDDDDDDDDDDD", &now, "pass", 200.0);
    let one = ["drill", "due", "simulations/leaked-key.yaml"];
    insta::assert_snapshot!("due-none", desk.shown(&desk.ends(0, &one)));
}

#[test]
fn a_schedule_in_every_form() {
    let desk = alone();
    for form in ["cron", "systemd", "github", "eventbridge"] {
        let args = ["drill", "schedule", "simulations/leaked-key.yaml", "--format", form];
        insta::assert_snapshot!(format!("schedule-{form}"), desk.shown(&desk.ends(0, &args)));
    }
}

#[test]
fn an_experiment_as_a_template() {
    let desk = alone();
    for name in ["az-network-loss", "ec2-stop-restore", "api-throttling"] {
        let args = ["drill", "export-fis", &format!("simulations/{name}.yaml")];
        insta::assert_snapshot!(format!("export-{name}"), desk.shown(&desk.ends(0, &args)));
    }
    let args = ["drill", "export-fis", "simulations/leaked-key.yaml"];
    insta::assert_snapshot!("export-none", desk.shown(&desk.ends(3, &args)));
}
