//! The lines that stay: the text of each event where lines are written, and the one line of a step that
//! has ended where bars are drawn.

use jiff::Timestamp;

use crate::{
    engine::{Event, Verdict},
    journal::{Released, WAITING},
    program::planfile::item,
};

use super::{
    super::{
        look::{self, BAD, BOLD, CARE, DIM, GOOD, Look, NAME},
        plan::plural,
    },
    cut::fill,
    view::{Ended, State, View},
};

/// Moments on a screen: the day is known there.
pub(super) fn clock(at: Timestamp) -> String {
    format!("{}Z", at.strftime("%H:%M:%S"))
}

/// Columns that names of steps take, so that what stands after them is in one column.
pub(super) fn names(view: &View, width: usize) -> usize {
    let longest = view.units.keys().map(|id| id.chars().count()).max().unwrap_or(0);
    longest.clamp(8, if width < 120 { 22 } else { 44 })
}

/// What stays of a step above the bars, without its time: one line, and why it failed on a second.
pub(super) fn ended(ended: &Ended, view: &View, look: &Look) -> Vec<String> {
    let (sign, style) = match ended.state {
        State::Done => ("✓", GOOD),
        State::Failed => ("✗", BAD),
        State::Asks => ("?", CARE),
        _ => ("-", DIM),
    };
    let took = match ended.state {
        State::Skipped => "skipped".into(),
        State::NotRun => "not run".into(),
        State::Asks => "waits".into(),
        _ => ended.took.map(look::time).unwrap_or_default(),
    };
    let phase = ended.phase.map_or("", |phase| phase.as_str());
    let name = fill(&look.paint(NAME, &ended.step), names(view, look.width));
    let phase = look.paint(DIM, &fill(phase, 9));
    let mut line = format!("{} {name} {phase} {took:>11}", look.paint(style, sign));
    match &ended.verdict {
        Some((verdict, 1)) => line += &format!("  {}", look.verdict(verdict)),
        Some((verdict, subjects)) => {
            line += &format!("  {} on {subjects}", look.verdict(verdict));
        }
        None => {}
    }
    let mut more = Vec::new();
    match ended.items {
        Some((items, 0)) => more.push(plural(items, "item")),
        Some((items, missing)) => more.push(format!("{missing} of {items} items not done")),
        None => {}
    }
    if ended.changes > 0 {
        more.push(plural(ended.changes, "change"));
    }
    if ended.jobs > 0 {
        more.push(plural(ended.jobs, "operation"));
    }
    if !more.is_empty() {
        line += &format!("  {}", more.join(", "));
    }
    match &ended.why {
        Some(why) if matches!(ended.state, State::Failed | State::Asks) => {
            vec![line, format!("  {}", look.paint(style, &look::clean(why)))]
        }
        Some(why) => vec![format!("{line}  {}", look.paint(DIM, &look::clean(why)))],
        None => vec![line],
    }
}

/// What stays of an event above the bars, beside the ends of steps: what somebody should know of now.
pub(super) fn aside(event: &Event, look: &Look) -> Option<String> {
    let text = match event {
        Event::StepFailed { step, again_in: None, .. } if item(step).1.is_none() => return None,
        Event::StepFailed { .. } | Event::Closed { .. } | Event::Note { .. } | Event::Stopping => {
            line(event, look)?
        }
        Event::Verdict { verdict, .. } if *verdict != Verdict::Proven => line(event, look)?,
        Event::Released { step, place, outcome } => {
            let why = match outcome {
                Released::Failed { error } => look::clean(error),
                Released::Conflict { .. } => "someone else changed it, it is left alone".into(),
                _ => return None,
            };
            let word = look.paint(BAD, outcome.word());
            format!("{} {place} {word}: {why}", look.paint(NAME, step))
        }
        _ => return None,
    };
    Some(format!("{} {text}", look.paint(CARE, "!")))
}

/// The line of an event where lines are written.
pub(super) fn line(event: &Event, look: &Look) -> Option<String> {
    let name = |step: &str| look.paint(NAME, step);
    let room = look.width.saturating_sub(20).max(40);
    Some(match event {
        Event::StepStarted { step, attempt: 1 } => format!("{} started", name(step)),
        Event::StepStarted { step, attempt } => format!("{} attempt {attempt}", name(step)),
        Event::StepReplayed { step } => format!("{} was done before", name(step)),
        Event::StepExpanded { step, items } => format!("{} fans out over {items}", name(step)),
        Event::StepSkipped { step, why } => format!("{} skipped: {why}", name(step)),
        Event::StepBlocked { step, by } => {
            let why = look.paint(BAD, &format!("not run: `{by}` did not finish"));
            format!("{} {why}", name(step))
        }
        Event::StepFinished { step, took } => {
            format!("{} {} in {}", name(step), look.paint(GOOD, "done"), look::time(*took))
        }
        Event::StepFailed { step, word: WAITING, error, .. } => {
            format!("{} {}", name(step), look.paint(CARE, &look::clean(error)))
        }
        Event::StepFailed { step, error, again_in, .. } => {
            let again = match again_in {
                Some(time) if time.is_zero() => "; tried again".into(),
                Some(time) => format!("; tried again in {}", look::time(*time)),
                None => String::new(),
            };
            format!("{} {} {}{again}", name(step), look.paint(BAD, "failed:"), look::clean(error))
        }
        Event::Changed { step, place, before, after } => format!(
            "{} {place}: {} -> {}",
            name(step),
            look::value(before, room / 2),
            look::value(after, room / 2)
        ),
        Event::AlreadySo { step, place } => format!("{} {place} already is so", name(step)),
        Event::OperationStarted { step, place, job } => {
            format!("{} {place} started: {}", name(step), look::shorten(job, room))
        }
        Event::OperationEnded { step, place } => format!("{} {place} completed", name(step)),
        Event::Waiting { step, why, time } => {
            format!("{} waits {}: {why}", name(step), look::time(*time))
        }
        Event::Paced { step, calls, waiting } => {
            let text = format!("paced: {calls}, {waiting} waiting for AWS's rate");
            format!("{} {}", name(step), look.paint(DIM, &text))
        }
        Event::Verdict { step, subject, verdict } => {
            let reason =
                verdict.reason().map(|r| format!(": {}", look::clean(r))).unwrap_or_default();
            let word = look.paint(BOLD, &look.verdict(verdict));
            format!("{} {word} {subject}{reason}", name(step))
        }
        Event::Evidence { step, file, sha256 } => {
            format!("{} keeps {file} (sha256 {})", name(step), look::shorten(sha256, 13))
        }
        Event::Note { step, text } => {
            format!("{} {} {}", name(step), look.paint(CARE, "note:"), look::clean(text))
        }
        Event::Closed { step, place } => {
            format!("{} {} {place}", name(step), look.paint(CARE, "closed an exposed state:"))
        }
        Event::Stopping => look.paint(
            CARE,
            "stopping: running calls finish, what is open is closed, nothing new starts",
        ),
        // The summary shows it for every change.
        Event::Releasing | Event::Released { .. } | Event::ReleaseEnded => return None,
        Event::OperationProgress { .. }
        | Event::Asking { .. }
        | Event::Answered { .. }
        | Event::Finished { .. } => return None,
    })
}
