//! The view of a run from events, from its journal, and on screens of several sizes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    engine::{Event, How, Scope, Verdict},
    journal::{Line, Place, Record, RunStatus},
    playbook::Phase,
};

use super::{
    super::look::Look,
    cut::columns,
    frame::frame,
    lines,
    retold::Retold,
    screen::Screen,
    view::{Ended, Head, State, View},
};

const PLAIN: Look = Look { color: false, width: 79 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn place(kind: &str, target: &str) -> Place {
    Place { kind: kind.into(), target: target.into(), nth: 0 }
}

fn view(steps: &[(&str, Phase)]) -> View {
    View::new(Head {
        run: "01KXTEST000000000000000000".into(),
        document: "ec2-compromise".into(),
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        instead: Some("lab"),
        steps: steps.iter().map(|(step, phase)| ((*step).to_owned(), *phase)).collect(),
        ..Head::default()
    })
}

fn started(step: &str) -> Event {
    Event::StepStarted { step: step.into(), attempt: 1 }
}

fn done(step: &str, seconds: u64) -> Event {
    Event::StepFinished { step: step.into(), took: Duration::from_secs(seconds) }
}

fn failed(step: &str, error: &str) -> Event {
    Event::StepFailed { step: step.into(), word: "failed", error: error.into(), again_in: None }
}

fn feed(view: &mut View, events: impl IntoIterator<Item = (i64, Event)>) -> Vec<Ended> {
    events.into_iter().filter_map(|(seconds, event)| view.apply(at(seconds), &event)).collect()
}

/// A run of three steps, told as it happens.
fn story() -> Vec<(i64, Event)> {
    let (groups, job) = (place("ec2.eni-groups", "eni-1"), place("ec2.create-snapshots", "i-1"));
    let reason = "no simulator answers".to_owned();
    let isolate = || "isolate".to_owned();
    vec![
        (0, started("isolate")),
        (
            2,
            Event::Changed {
                step: isolate(),
                place: groups,
                before: json!(["sg-1"]),
                after: json!([]),
            },
        ),
        (
            3,
            Event::Verdict {
                step: isolate(),
                subject: "i-1".into(),
                verdict: Verdict::Presumed { reason },
            },
        ),
        (4, done("isolate", 4)),
        (5, started("snapshot")),
        (
            6,
            Event::OperationStarted {
                step: "snapshot".into(),
                place: job.clone(),
                job: "snap-1".into(),
            },
        ),
        (5, Event::StepExpanded { step: "mark".into(), items: 3 }),
        (6, started("mark[0]")),
        (6, started("mark[1]")),
        (7, done("mark[0]", 1)),
        (8, failed("mark[1]", "refused")),
        (8, started("mark[2]")),
    ]
}

const STEPS: [(&str, Phase); 4] = [
    ("isolate", Phase::Contain),
    ("snapshot", Phase::Preserve),
    ("mark", Phase::Preserve),
    ("stop", Phase::Contain),
];

fn scope() -> Scope {
    Scope { account: "123456789012".into(), region: "eu-central-1".into(), principal: "me".into() }
}

/// The records that the engine journals when it tells these events.
fn records(events: &[(i64, Event)]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (seconds, event) in events {
        let record = match event.clone() {
            Event::StepStarted { step, attempt } => Record::StepStarted { step, attempt },
            Event::StepFinished { step, .. } => Record::StepFinished { step, outputs: Value::Null },
            Event::StepFailed { step, word, error, again_in } => Record::StepFailed {
                step,
                attempt: 1,
                word: word.into(),
                error,
                class: None,
                last: again_in.is_none(),
            },
            Event::Changed { step, place, before, after } => {
                let intent = Record::Intent {
                    step: step.clone(),
                    place: place.clone(),
                    scope: scope(),
                    setting: Value::Null,
                    how: How::Restored,
                    before,
                    after: after.clone(),
                    until: None,
                };
                lines.push((*seconds, intent));
                Record::Outcome { step, place, after }
            }
            Event::Verdict { step, subject, verdict } => {
                Record::Verdict { step, subject, verdict, facts: Value::Null }
            }
            Event::OperationStarted { step, place, job } => {
                Record::OperationStarted { step, place, job }
            }
            Event::StepExpanded { step, items } => {
                Record::Expanded { step, items: vec![Value::Null; items] }
            }
            other => panic!("{other:?}"),
        };
        lines.push((*seconds, record));
    }
    let line = |(seq, (seconds, record)): (usize, (i64, Record))| Line {
        seq: seq as u64,
        time: at(seconds),
        prev: String::new(),
        record,
    };
    lines.into_iter().enumerate().map(line).collect()
}

#[test]
fn events_and_the_journal_make_the_same_view() {
    let events = story();
    let (mut live, mut read) = (view(&STEPS), view(&STEPS));
    let told = feed(&mut live, events.clone());
    let mut retold = Retold::default();
    let lines = records(&events);
    let again = lines.iter().filter_map(|line| {
        let event = retold.event(line)?;
        read.apply(line.time, &event)
    });
    assert_eq!(again.collect::<Vec<_>>(), told);
    let shown = |view: &View| frame(view, at(10), (79, 24), 0, &PLAIN);
    assert_eq!(shown(&read), shown(&live));
    insta::assert_snapshot!(shown(&live).join("\n"), @"
    ── ec2-compromise · 01KXTEST00000 · 123456789012 eu-central-1 · lab, not AWS ──
    ◐ T0 +00:00:10  1 of 4 steps  0 proven  1 presumed  0 failed
    ▸ snapshot preserve     0:05  ec2.create-snapshots snap-1
    ▸ mark     preserve     0:05  ██████░░░░ 2 of 3, 1 at once, 1 failed
    ");
}

#[test]
fn a_step_stays_as_one_line() {
    let mut view = view(&STEPS);
    let mut ended = feed(&mut view, story());
    ended.extend(feed(
        &mut view,
        [
            (9, done("mark[2]", 1)),
            (9, failed("snapshot", "the volume is gone\nor never was")),
            (9, Event::StepBlocked { step: "stop".into(), by: "snapshot".into() }),
        ],
    ));
    let lines: Vec<_> = ended.iter().flat_map(|ended| lines::ended(ended, &view, &PLAIN)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    ✓ isolate  contain         4.0 s  presumed  1 change
    ✗ mark     preserve        4.0 s  1 of 3 items not done
    ✗ snapshot preserve        4.0 s
      the volume is gone\\x0aor never was
    - stop     contain       not run  `snapshot` did not finish
    ");
    assert_eq!(view.progress(), (4, 4));
    assert_eq!(view.tally(), [0, 1, 0]);
    assert!(view.running().is_empty());
}

#[test]
fn operations_show_their_percent() {
    let mut view = view(&STEPS);
    let (first, second) =
        (place("ec2.create-snapshot", "vol-1"), place("ec2.create-snapshot", "vol-2"));
    let step = || "snapshot".to_owned();
    let progress = |place: &Place, percent, note: &str| Event::OperationProgress {
        step: step(),
        place: place.clone(),
        percent,
        note: note.into(),
    };
    feed(
        &mut view,
        [
            (0, started("snapshot")),
            (
                0,
                Event::OperationStarted {
                    step: step(),
                    place: first.clone(),
                    job: "snap-1".into(),
                },
            ),
            (1, progress(&first, Some(40), "`snap-1` is pending")),
            // Throttled: what was known is not forgotten.
            (2, progress(&first, None, "DescribeSnapshots was throttled")),
        ],
    );
    let shown = |view: &View, seconds| frame(view, at(seconds), (79, 24), 0, &PLAIN).pop();
    insta::assert_snapshot!(shown(&view, 3).unwrap_or_default(), @"▸ snapshot preserve     0:03  ████░░░░░░  40 %  ec2.create-snapshot DescribeSn…");
    feed(
        &mut view,
        [
            (3, Event::OperationEnded { step: step(), place: first }),
            (
                3,
                Event::OperationStarted {
                    step: step(),
                    place: second.clone(),
                    job: "snap-2".into(),
                },
            ),
            (4, progress(&second, Some(10), "`snap-2` is pending")),
        ],
    );
    insta::assert_snapshot!(shown(&view, 75).unwrap_or_default(), @"▸ snapshot preserve     1:15  █████░░░░░  55 %  1 of 2 done  ec2.create-snapsh…");
}

#[test]
fn what_has_no_room_is_counted() {
    let steps: Vec<_> = (0..30).map(|n| (format!("step-{n:02}"), Phase::Contain)).collect();
    let steps: Vec<_> = steps.iter().map(|(step, phase)| (step.as_str(), *phase)).collect();
    let mut view = view(&steps);
    feed(&mut view, steps.iter().map(|(step, _)| (0, started(step))));
    feed(&mut view, [(1, Event::Asking { step: "step-29".into() })]);
    for (width, height) in [(79, 24), (199, 50), (39, 8), (20, 3), (10, 2), (1, 1)] {
        let lines = frame(&view, at(2), (width, height), 0, &PLAIN);
        assert!(lines.len() < height.max(2), "{width}x{height}: {lines:#?}");
        assert!(lines.iter().all(|line| columns(line) <= width), "{width}x{height}: {lines:#?}");
    }
    let lines = frame(&view, at(2), (79, 12), 0, &PLAIN);
    assert!(lines[2].starts_with("? step-29"), "who waits for a person comes first: {lines:#?}");
    let last = lines.last().map(String::as_str).unwrap_or_default();
    assert!(last.starts_with("  and 24 more: step-05, step-06,"), "{last}");
}

#[test]
fn a_stopped_run_that_is_taken_up_runs_nothing_yet() {
    let mut view = view(&STEPS);
    feed(&mut view, story());
    feed(
        &mut view,
        [(9, Event::Stopping), (9, Event::Finished { status: RunStatus::Interrupted })],
    );
    assert!(view.stopping && view.status.is_some());
    view.taken_up();
    assert!(!view.stopping && view.status.is_none());
    let state = |view: &View| view.units["snapshot"].parts[&None].state;
    assert_eq!(state(&view), State::Waiting);
    feed(&mut view, [(20, started("snapshot"))]);
    assert_eq!(state(&view), State::Running);
}

#[test]
fn a_release_counts_what_it_settles() {
    let mut view = view(&STEPS);
    feed(&mut view, story());
    let given = |kind: &str, target: &str| Event::Released {
        step: "isolate".into(),
        place: place(kind, target),
        outcome: crate::journal::Released::GivenBack,
    };
    let bar = |view: &View| frame(view, at(20), (79, 24), 0, &PLAIN).pop().unwrap_or_default();
    feed(&mut view, [(11, Event::Releasing), (12, given("ec2.eni-groups", "eni-1"))]);
    assert!(bar(&view).ends_with(" 1 of 2"), "{}", bar(&view));
    feed(&mut view, [(13, Event::ReleaseEnded)]);
    assert!(bar(&view).ends_with(" 2 of 2"), "{}", bar(&view));
}

/// A terminal that shows what is written, as it would.
fn terminal(columns: u16) -> vt100::Parser {
    vt100::Parser::new(some(24), some(columns), 200)
}

fn some(number: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(number).expect("not zero")
}

fn put(terminal: &mut vt100::Parser, text: &str) {
    // The line discipline's part.
    terminal.process(text.replace('\n', "\r\n").as_bytes());
}

#[test]
fn bars_are_drawn_over_and_lines_stay() {
    let lines = |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| (*t).into()).collect() };
    let (mut screen, mut terminal) = (Screen::new(true), terminal(80));
    put(&mut terminal, "$ backburn run\n");
    put(&mut terminal, screen.draw(&[], &lines(&["head", "one", "two"]), 80, 24).as_str());
    assert_eq!(
        screen.draw(&[], &lines(&["head", "one", "two"]), 80, 24).as_str(),
        "",
        "nothing changed"
    );
    put(
        &mut terminal,
        screen.draw(&lines(&["one ended"]), &lines(&["head", "two"]), 80, 24).as_str(),
    );
    put(&mut terminal, screen.draw(&[], &lines(&["head", "two!"]), 80, 24).as_str());
    assert_eq!(terminal.screen().contents(), "$ backburn run\none ended\nhead\ntwo!");
    assert_eq!(terminal.screen().cursor_position(), (4, 0), "at the start of the line below");
    put(&mut terminal, screen.draw(&lines(&["two ended"]), &[], 80, 24).as_str());
    assert_eq!(terminal.screen().contents(), "$ backburn run\none ended\ntwo ended");
}

#[test]
fn a_narrower_terminal_loses_no_line_and_keeps_no_bar() {
    let long = "x".repeat(150);
    // One that does not re-wrap lines: vt100 is one.
    let (mut screen, mut terminal) = (Screen::new(false), terminal(200));
    put(
        &mut terminal,
        screen.draw(&["kept".into()], &["head".into(), long.clone()], 200, 24).as_str(),
    );
    terminal.screen_mut().set_size(some(24), some(80));
    put(&mut terminal, screen.draw(&[], &["head".into(), "short".into()], 80, 24).as_str());
    assert_eq!(terminal.screen().contents(), "kept\nhead\nshort");
    // One that does: the long line takes two rows there.
    let mut screen = Screen::new(true);
    let _ = screen.draw(&[], &["head".into(), long], 200, 24);
    let drawn = screen.draw(&[], &["head".into()], 80, 24);
    assert!(drawn.as_str().contains("\u{1b}[3A"), "{drawn:?}");
}
