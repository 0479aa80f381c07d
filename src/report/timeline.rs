//! The timeline of a run, folded from its journal.

use std::collections::HashMap;

use serde_json::Value;

use crate::journal::{Ledger, Line, Record, WAITING, Who};

use crate::text::line;

use super::{
    look::{self, DIM, Look},
    plan::plural,
};

/// A line a record, with the time since the first.
pub fn timeline(lines: &[Line], look: &Look) -> String {
    let mut out = String::new();
    let Some(first) = lines.first() else { return out };
    let mut tries = Tries::default();
    for line in lines {
        let text = tries.text(&line.record).or_else(|| record(&line.record, look.width));
        let Some(text) = text else { continue };
        let since = line.time.duration_since(first.time).as_secs_f64();
        let clock = line.time.to_string();
        let at = format!("{} {since:>8.2}", clock.get(11..19).unwrap_or(&clock));
        line!(out, "{}  {text}", look.paint(DIM, &at));
    }
    out
}

/// The settings that these records changed, in the order in which they are to be given back, each with the value
/// before it and the last that was written; for a person who does it by hand.
pub fn settings(lines: &[Line]) -> String {
    let ledger = Ledger::fold(lines.iter().map(|line| &line.record));
    let held: Vec<_> = ledger.changes().filter(|(.., change)| !change.is_given_back()).collect();
    let mut out = String::new();
    line!(out);
    let holds = plural(lines.len(), "record");
    let count = plural(held.len(), "change");
    line!(
        out,
        "up to there the journal holds: {holds}, {count} that nobody gave back, the last first"
    );
    for (step, place, change) in held.into_iter().rev() {
        line!(
            out,
            "  {} in {} `{}`",
            look::clean(&place.to_string()),
            change.scope.region,
            look::clean(step)
        );
        line!(out, "      before the run  {}", look::whole(&change.before));
        line!(out, "      this run set    {}", look::whole(change.ours()));
    }
    for (step, place, job) in ledger.operations().filter(|(.., job)| !job.is_given_back()) {
        line!(
            out,
            "  {} `{}` left {}",
            look::clean(&place.to_string()),
            look::clean(step),
            look::clean(&job.leaves)
        );
    }
    out
}

/// Which attempt of its step a start is. The numbers in the journal also count what only went on after a wait for a
/// person, or after the process was cut off.
#[derive(Default)]
struct Tries<'a>(HashMap<&'a str, u32>);

impl<'a> Tries<'a> {
    fn text(&mut self, record: &'a Record) -> Option<String> {
        match record {
            Record::StepStarted { step, attempt } => Some(match self.0.get(step.as_str()) {
                None | Some(0) if *attempt > 1 => format!("{step}: continues"),
                None | Some(0) => format!("{step}: started"),
                Some(failed) => format!("{step}: attempt {}", failed + 1),
            }),
            Record::StepFailed { step, word, error, .. } if word == WAITING => {
                Some(format!("{step}: {}", look::clean(error)))
            }
            Record::StepFailed { step, .. } => {
                *self.0.entry(step).or_default() += 1;
                None
            }
            _ => None,
        }
    }
}

/// What AWS and the system said of somebody, after the name that was typed.
fn seen(who: &Who) -> String {
    if who.is_unknown() { String::new() } else { format!(" ({})", look::clean(&who.to_string())) }
}

fn record(record: &Record, width: usize) -> Option<String> {
    let room = width.saturating_sub(30).max(40);
    let show = |value: &Value| look::value(value, room / 2);
    Some(match record {
        Record::RunStarted { playbook, drill, scope, operator, who, plan_sha256, .. } => format!(
            "{} started by {operator}{} in {}/{} on plan {}",
            match drill {
                Some(drill) => format!("drill `{drill}` of `{playbook}`"),
                None => format!("run of `{playbook}`"),
            },
            seen(who),
            scope.account,
            scope.region,
            look::shorten(plan_sha256, 13)
        ),
        Record::Resumed { operator, who } => format!("resumed by {operator}{}", seen(who)),
        Record::Adopted { by } => format!("taken over as it is by {by}"),
        Record::Expanded { step, items } => format!("{step}: fans out over {}", items.len()),
        // `Tries` has the words.
        Record::StepStarted { .. } => return None,
        Record::StepSkipped { step, why } => format!("{step}: skipped, {why}"),
        Record::StepFinished { step, .. } => format!("{step}: done"),
        Record::StepFailed { step, error, .. } => format!("{step}: failed, {}", look::clean(error)),
        Record::Read { .. } => return None,
        Record::Intent { step, place, before, after, .. } => {
            format!("{step}: sets {place}: {} -> {}", show(before), show(after))
        }
        Record::Outcome { step, place, .. } => format!("{step}: {place} reads back as set"),
        Record::Closed { step, place, .. } => format!("{step}: recovery closed {place}"),
        Record::OperationIntent { step, place, .. } => format!("{step}: starts {place}"),
        Record::OperationStarted { step, place, job } => format!("{step}: {place} is job {job}"),
        Record::OperationEnded { step, place, .. } => format!("{step}: {place} completed"),
        Record::OperationFailed { step, place, message } => {
            format!("{step}: {place} failed, {}", look::clean(message))
        }
        Record::Wait { step, until, .. } => format!("{step}: waits until {until:.0}"),
        Record::Answer { step, role, by, who, at, via, yes, reason, .. } => {
            let word = if *yes { "approved" } else { "declined" };
            let role = role.as_ref().map(|role| format!(" for {role}")).unwrap_or_default();
            let at = at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
            let via = via.as_ref().map(|via| format!(" via {via}")).unwrap_or_default();
            let (by, role, who) = (look::clean(by), look::clean(&role), seen(who));
            format!("{step}: {word} by {by}{who}{at}{via}{role}: {}", look::clean(reason))
        }
        Record::Evidence { step, file, sha256, .. } => {
            format!("{step}: kept {file} sha256 {sha256}")
        }
        Record::Verdict { step, subject, verdict, .. } => {
            let reason = verdict.reason().map(|r| format!(", {r}")).unwrap_or_default();
            format!("{step}: {} {subject}{}", verdict.word(), look::clean(&reason))
        }
        Record::Note { step, text } => format!("{step}: note, {}", look::clean(text)),
        Record::Manifest { file, sha256, files } => {
            let files = plural(usize::try_from(*files).unwrap_or(usize::MAX), "file");
            format!("{file} lists {files}, sha256 {sha256}")
        }
        Record::Scored { sha256, outcome } => {
            format!("the drill is scored: {}, sha256 {sha256}", look::clean(outcome))
        }
        Record::Notified { target, event, .. } => format!("notified `{target}` of {event}"),
        Record::NotNotified { target, event, why, .. } => {
            format!("`{target}` was not notified of {event}: {}", look::clean(why))
        }
        Record::Interrupted {} => "interrupted".into(),
        Record::RunFinished { status } => format!("run ended: {}", word(status)),
        Record::Aborted { by, reason, who } => {
            let reason = reason.as_ref().map(|reason| format!(": {}", look::clean(reason)));
            format!("aborted by {}{}{}", look::clean(by), seen(who), reason.unwrap_or_default())
        }
        Record::ReleaseStarted { by, .. } => format!("release started by {by}"),
        Record::ReleaseIntent { place, to, .. } => {
            format!("release: sets {place} back to {}", show(to))
        }
        Record::ReleaseOutcome { place, outcome, .. } => {
            format!("release: {place} {}", outcome.word())
        }
        Record::ReleaseFinished { complete: true } => "release complete".into(),
        Record::ReleaseFinished { complete: false } => "release ended with something left".into(),
    })
}

fn word(status: &crate::journal::RunStatus) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}
