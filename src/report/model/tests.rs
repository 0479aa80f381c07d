//! What the fold makes of a journal: states, paths, stretches, the words for the commander.

use serde_json::json;

use super::testing::*;
use super::*;
use crate::{
    engine::Verdict,
    journal::{Record, Released, RunStatus},
};

const DIAMOND: &str = "roles: { lead: { duty: leads } }\nsteps:
  a: { uses: core.wait, with: { duration: 1s }, owner: lead }
  b: { uses: core.wait, with: { duration: 1s }, needs: [a] }
  skipped: { uses: core.wait, with: { duration: 1s }, needs: [a] }
  c: { uses: core.wait, with: { duration: 1s }, needs: [skipped] }
  d: { uses: core.wait, with: { duration: 1s }, needs: [b, c] }
";

fn skip(step: &str) -> Record {
    Record::StepSkipped { step: step.into(), why: "its condition does not hold".into() }
}

fn state<'r>(report: &'r Report, id: &str) -> &'r StepRow {
    report.steps.iter().find(|step| step.id == id).expect("a step")
}

#[test]
fn the_critical_path_goes_through_what_ended_last_also_behind_skipped_steps() {
    let records = vec![
        (0, started()),
        (0, begins("a")),
        (5, ends("a")),
        (5, skip("skipped")),
        (5, begins("b")),
        (5, begins("c")),
        (9, ends("b")),
        (20, ends("c")),
        (20, begins("d")),
        (21, ends("d")),
        (21, finished(RunStatus::Succeeded)),
    ];
    let report = fold(&sources_at(DIAMOND, records), &options());
    let hot: Vec<_> =
        report.steps.iter().filter(|step| step.critical).map(|step| &step.id).collect();
    assert_eq!(hot, ["a", "c", "d"]);
    assert_eq!(state(&report, "skipped").state, State::Skipped);
    assert_eq!(report.run.ended, Some(second(21)));
    assert_eq!(report.roles["lead"].steps, ["a"]);
    assert_eq!(report.summary.headline, "Every step ran; none of them is a containment");
}

#[test]
fn a_process_that_was_killed_ends_its_steps_with_their_last_record() {
    let exposed = |records: [Record; 2]| {
        let [mut intent, outcome] = records;
        if let Record::Intent { until, .. } = &mut intent {
            *until = Some(json!(["sg-closed"]));
        }
        [intent, outcome]
    };
    let [open, opened] = exposed(change("a", "eni-1", json!(["sg-old"]), json!(["sg-open"])));
    let mut close = change("a", "eni-1", json!(["sg-open"]), json!(["sg-closed"]));
    for record in &mut close {
        if let Record::Intent { place, .. } | Record::Outcome { place, .. } = record {
            place.nth = 1;
        }
    }
    let [close, closed] = close;
    let records = vec![
        (0, started()),
        (0, begins("a")),
        (1, open),
        (2, opened),
        (90_000, Record::Resumed { operator: "you".into(), who: crate::journal::Who::default() }),
        (90_001, begins("a")),
        (90_002, close),
        (90_003, closed),
        (90_004, verdict("a", "eni-1", Verdict::Proven)),
    ];
    let open =
        |report: &Report| report.summary.open.iter().any(|one| one.text.contains("eni-1 is open"));
    let cut = fold(&sources_at(DIAMOND, records[..4].to_vec()), &options());
    assert!(open(&cut), "{:#?}", cut.summary.open);
    let live =
        fold(&sources_at(DIAMOND, records[..4].to_vec()), &Options { live: true, ..options() });
    assert!(!open(&live), "its step still works");
    let report = fold(&sources_at(DIAMOND, records), &options());
    let stretches = report.timeline.stretches.iter();
    let found: Vec<_> = stretches.map(|one| (one.kind, one.from, one.to)).collect();
    assert_eq!(
        found,
        [
            (SpanKind::Work, second(0), second(2)),
            (SpanKind::Exposed, second(1), second(90_003)),
            (SpanKind::Work, second(90_001), second(90_004)),
        ]
    );
    assert_eq!((report.run.status.as_str(), state(&report, "a").state), ("cut off", State::CutOff));
    assert_eq!(state(&report, "b").state, State::NotRun);
    assert_eq!(report.changes.len(), 2);
    assert!(!open(&report), "{:#?}", report.summary.open);
    assert_eq!(report.summary.tone, Tone::Bad);
}

#[test]
fn what_is_open_comes_worst_first_and_release_says_what_became_of_each_change() {
    let mut records = vec![started(), begins("a")];
    records.extend(change("a", "eni-1", json!(["sg-1"]), json!(["sg-2"])));
    records.extend(change("a", "eni-2", json!(["sg-1"]), json!(["sg-2"])));
    records.push(verdict("a", "i-1", Verdict::Presumed { reason: "no simulator".into() }));
    records.push(ends("a"));
    records.extend([begins("b"), fails("b", "denied", true), finished(RunStatus::Failed)]);
    records.push(Record::ReleaseStarted {
        by: "me".into(),
        steps: None,
        force: vec![],
        discard: false,
    });
    records.push(released("a", "eni-1", Released::GivenBack));
    let now = json!(["sg-9"]);
    let conflict = Released::Conflict { before: json!(["sg-1"]), after: json!(["sg-2"]), now };
    records.push(released("a", "eni-2", conflict));
    records.push(Record::ReleaseFinished { complete: false });
    let report = fold(&sources(DIAMOND, records), &options());
    let open: Vec<_> = report.summary.open.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        open,
        [
            "failed: it denied",
            "ec2.eni-groups eni-2 is conflict: someone else changed it; it is [sg-9] now",
            "i-1 is not contained any more: release gave it back",
        ]
    );
    assert_eq!(report.verdicts[0].words(), "presumed, given back since");
    assert!(!report.recommendations.iter().any(|one| one.contains("presumed")));
    let states: Vec<_> = report.changes.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["given back", "conflict"]);
    assert_eq!(report.summary.headline, "Released in part: something is not given back");
    assert_eq!(report.clocks.len(), 6);
    let commands: Vec<_> = report.summary.next.iter().map(|next| next.command.as_str()).collect();
    assert_eq!(commands, ["backburn release 01KXTEST00000", "backburn runs verify 01KXTEST00000"]);
}

/// What another step changed says nothing of a verdict, nor does what release kept or could not give back.
#[test]
fn a_verdict_stands_while_nothing_of_its_step_was_given_back() {
    let release = |step: &str, outcome: Released| {
        let mut records = vec![started(), begins("a"), begins("b")];
        records.extend(change("a", "eni-1", json!(["sg-1"]), json!(["sg-2"])));
        records.extend(change("b", "eni-2", json!(["sg-1"]), json!(["sg-2"])));
        records.push(verdict("a", "i-1", Verdict::Proven));
        records.extend([ends("a"), ends("b"), finished(RunStatus::Succeeded)]);
        let target = if step == "a" { "eni-1" } else { "eni-2" };
        records.push(released(step, target, outcome));
        let report = fold(&sources(DIAMOND, records), &options());
        report.verdicts[0].released
    };
    assert!(release("a", Released::GivenBack));
    assert!(release("a", Released::AlreadyBefore));
    assert!(!release("a", Released::Failed { error: "denied".into() }));
    assert!(!release("a", Released::Gone { what: "eni-1".into() }));
    assert!(!release("b", Released::GivenBack));
}

/// A step that waited for a person, and was resumed once somebody answered, took one attempt.
#[test]
fn a_resume_is_no_further_attempt() {
    let again = |step: &str| Record::StepStarted { step: step.into(), attempt: 2 };
    let resumed = || Record::Resumed { operator: "me".into(), who: crate::journal::Who::default() };
    let of = |first: Vec<Record>| {
        let more = vec![resumed(), again("a"), ends("a"), finished(RunStatus::Succeeded)];
        let records = [vec![started(), begins("a")], first, more].concat();
        let report = fold(&sources(DIAMOND, records), &options());
        (state(&report, "a").attempts, report.observations.join("; "))
    };
    assert_eq!(of(vec![fails("a", "waiting", true)]), (1, String::new()));
    assert_eq!(of(Vec::new()), (1, String::new()), "the process was killed");
    let (attempts, observations) = of(vec![fails("a", "denied", true)]);
    assert_eq!((attempts, observations.as_str()), (2, "step `a` took 2 attempts"));
    let waits = fold(
        &sources(DIAMOND, vec![started(), begins("a"), fails("a", "waiting", true)]),
        &options(),
    );
    let open: Vec<_> = waits.summary.open.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(open, ["it waiting"], "no word of a failure");
    assert_eq!(waits.timeline.stretches[0].kind, SpanKind::Asked);
}

/// Whoever reads the report later must know who ended the run, and why; earlier journals have no reason.
#[test]
fn an_abort_is_a_decision_of_somebody() {
    let told = |json: serde_json::Value| {
        let abort: Record = serde_json::from_value(json).expect("a record");
        let report = fold(&sources(DIAMOND, vec![started(), begins("a"), abort]), &options());
        let marks: Vec<_> = report.timeline.marks.iter().map(|mark| mark.text.clone()).collect();
        let story = report.summary.story.clone();
        (story, marks, crate::report::digest::digest(&report))
    };
    let (story, marks, digest) =
        told(json!({"record": "aborted", "by": "lead", "reason": "wrong host"}));
    assert!(story.contains(&"lead aborted it: wrong host.".to_owned()), "{story:?}");
    assert_eq!(marks, ["aborted by lead: wrong host"]);
    assert!(digest.contains("|  | aborted the run | lead | wrong host |"), "{digest}");
    let (story, marks, _) = told(json!({"record": "aborted", "by": "lead"}));
    assert!(story.contains(&"lead aborted it: no reason was given.".to_owned()), "{story:?}");
    assert_eq!(marks, ["aborted by lead"]);
}

#[test]
fn only_a_technique_becomes_a_link() {
    assert_eq!(
        fold::technique("T1552.005".into()).expect("a technique").url,
        "https://attack.mitre.org/techniques/T1552/005/"
    );
    assert!(fold::technique("T1/../../evil".into()).is_none());
    assert!(fold::technique(String::new()).is_none());
}

#[test]
fn json_and_back_is_the_same() {
    let report = large(3);
    let json = serde_json::to_value(&report).expect("JSON");
    let back: Report = serde_json::from_value(json.clone()).expect("a report");
    assert_eq!(serde_json::to_value(&back).expect("JSON"), json);
}

#[test]
fn a_live_step_that_asks_waits_until_it_is_answered() {
    let asked = |live: bool, more: Vec<Record>| {
        let body = "steps:\n  ask: { uses: core.manual, with: { instructions: look } }\n";
        let mut sources = sources(body, [vec![started(), begins("ask")], more].concat());
        let role = Some("commander".to_owned());
        let question = "stop it?".to_owned();
        sources.asked.push(Asked {
            step: "ask".into(),
            role,
            question,
            id: String::new(),
            rule: crate::engine::Approvers::default(),
            since: second(1),
        });
        fold(&sources, &Options { live, now: second(3), ..options() })
    };
    let report = asked(true, Vec::new());
    assert_eq!(report.steps[0].state, State::Waiting);
    assert_eq!(report.steps[0].why.as_deref(), Some("asks `commander`: stop it?"));
    assert_eq!(report.summary.headline, "Waits for 1 answer");
    assert_eq!(asked(false, Vec::new()).steps[0].state, State::CutOff);
    assert_eq!(asked(true, vec![ends("ask")]).steps[0].state, State::Done);
}
