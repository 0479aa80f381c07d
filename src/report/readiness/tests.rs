//! Cells of the matrix, staleness, trends, and the page.

use super::*;
use crate::drill::score::Objective;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + day * 86_400).expect("a time")
}

fn card(simulation: &str, day: i64, outcome: Outcome, took: f64) -> Scorecard {
    let objective = |part, name: &str, took| Objective {
        part,
        name: name.into(),
        outcome,
        accepted: false,
        budget: Some(60.0),
        took,
        clocks: None,
        calls: Vec::new(),
        figures: Vec::new(),
        proof: Vec::new(),
        note: String::new(),
    };
    Scorecard {
        simulation: simulation.into(),
        title: "A drill".into(),
        version: "1.0.0".into(),
        hypothesis: String::new(),
        attack: vec!["T1496".into()],
        run: format!("RUN{day}"),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        endpoint: Some("http://127.0.0.1:1".into()),
        started: Some(at(day)),
        outcome,
        contradiction: None,
        said: None,
        objectives: vec![
            objective(Part::Response, "../playbooks/mining.yaml", Some(took)),
            objective(Part::Fault, "experiment", None),
        ],
    }
}

fn readiness() -> Readiness {
    let playbooks = [KnownPlaybook {
        id: "mining".into(),
        title: "<Mining>".into(),
        attack: vec!["T1496".into(), "T1041".into()],
    }];
    let drill = |id: &str, attack: &str| KnownDrill {
        id: id.into(),
        title: "\"><script>".into(),
        playbook: Some("mining".into()),
        attack: vec![attack.into()],
        schedule: Some("0 9 * * 1".into()),
    };
    let drills = [drill("mine", "T1496"), drill("hijack", "T1078")];
    let cards = vec![
        card("mine", 2, Outcome::Late, 70.0),
        card("mine", 1, Outcome::Pass, 50.0),
        card("old", 0, Outcome::Missed, 9.0),
    ];
    let stale = Duration::from_hours(2160);
    Readiness::fold(&playbooks, &drills, cards, Some(stale), at(95))
}

#[test]
fn a_cell_says_the_latest_drill_or_that_there_is_none() {
    let readiness = readiness();
    assert_eq!(readiness.techniques, ["T1041", "T1078", "T1496"]);
    let row = &readiness.playbooks[0];
    assert_eq!(row.cells[..2], [Cell::Gap, Cell::Never]);
    assert!(
        matches!(&row.cells[2], Cell::Drilled { outcome: Outcome::Late, run, local: true, .. } if run == "RUN2")
    );
}

#[test]
fn what_ran_too_long_ago_or_never_is_stale_and_what_is_gone_is_not() {
    let readiness = readiness();
    let stale: Vec<_> = readiness.stale().iter().map(|drill| drill.id.as_str()).collect();
    assert_eq!(stale, ["mine", "hijack"]);
    let old = readiness.drills.iter().find(|drill| drill.id == "old").expect("from its scorecard");
    assert!(old.gone && old.overdue.is_none() && old.playbook.as_deref() == Some("mining"));
    assert!(readiness.drills[0].overdue.is_some());
}

#[test]
fn a_clock_is_followed_over_the_runs() {
    let trend = &readiness().drills[0].trends[0];
    let took: Vec<_> = trend.points.iter().map(|(_, took)| *took).collect();
    assert_eq!((took, trend.budget), (vec![50.0, 70.0], Some(60.0)));
}

#[test]
fn the_page_holds_no_markup_from_outside() {
    let page = html(&readiness());
    assert!(!page.contains("<script") && !page.contains("<Mining"));
    assert!(page.contains("&lt;Mining&gt;") && page.contains("overdue since"));
}
