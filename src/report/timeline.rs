//! The timeline of a run, folded from its journal.

use std::fmt::Write;

use serde_json::Value;

use crate::journal::{Line, Record};

use super::look::{self, DIM, Look};

/// A line a record, with the time since the first.
pub fn timeline(lines: &[Line], look: &Look) -> String {
    let mut out = String::new();
    let Some(first) = lines.first() else { return out };
    for line in lines {
        let Some(text) = record(&line.record, look.width) else { continue };
        let since = line.time.duration_since(first.time).as_secs_f64();
        let clock = line.time.to_string();
        let at = format!("{} {since:>8.2}", clock.get(11..19).unwrap_or(&clock));
        let _ = writeln!(out, "{}  {text}", look.paint(DIM, &at));
    }
    out
}

fn record(record: &Record, width: usize) -> Option<String> {
    let room = width.saturating_sub(30).max(40);
    let show = |value: &Value| look::value(value, room / 2);
    Some(match record {
        Record::RunStarted { playbook, drill, scope, operator, plan_sha256, .. } => format!(
            "{} started by {operator} in {}/{} on plan {}",
            match drill {
                Some(drill) => format!("drill `{drill}` of `{playbook}`"),
                None => format!("run of `{playbook}`"),
            },
            scope.account,
            scope.region,
            look::shorten(plan_sha256, 13)
        ),
        Record::Resumed { operator } => format!("resumed by {operator}"),
        Record::Expanded { step, items } => format!("{step}: fans out over {}", items.len()),
        Record::StepStarted { step, attempt: 1 } => format!("{step}: started"),
        Record::StepStarted { step, attempt } => format!("{step}: attempt {attempt}"),
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
        Record::Answer { step, role, by, at, via, yes, reason, .. } => {
            let word = if *yes { "approved" } else { "declined" };
            let role = role.as_ref().map(|role| format!(" for {role}")).unwrap_or_default();
            let at = at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
            let via = via.as_ref().map(|via| format!(" on the {via}")).unwrap_or_default();
            let (by, role) = (look::clean(by), look::clean(&role));
            format!("{step}: {word} by {by}{at}{via}{role}: {}", look::clean(reason))
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
            format!("{file} lists {files} files, sha256 {sha256}")
        }
        Record::Notified { target, event, .. } => format!("notified `{target}` of {event}"),
        Record::NotNotified { target, event, why, .. } => {
            format!("`{target}` was not notified of {event}: {}", look::clean(why))
        }
        Record::Interrupted {} => "interrupted".into(),
        Record::RunFinished { status } => format!("run ended: {}", word(status)),
        Record::Aborted { by } => format!("aborted by {by}"),
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
