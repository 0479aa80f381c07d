//! What a run or a release came to, for the responder who looks at the screen now.

use serde_json::{Value, json};

use crate::{
    engine::{
        RunEnd, Verdict,
        release::{Item, is_left_over},
    },
    journal::{InLab, Ledger, Record, Released, RunDir, RunStatus},
    text::{AddLine, argument, line},
};

use super::{
    look::{self, BAD, BOLD, CARE, GOOD, Look},
    plan::plural,
};

/// The lab that the run was made in.
fn lab(ledger: &Ledger) -> Option<&InLab> {
    match &ledger.started {
        Some(Record::RunStarted { lab, .. }) => lab.as_ref(),
        _ => None,
    }
}

/// Verdicts, failures, what was changed, and what to do next.
///
/// `accepted`: that something is only presumed was accepted when the run was started.
pub fn run(
    run: &str,
    end: &RunEnd,
    ledger: &Ledger,
    dir: &str,
    accepted: bool,
    look: &Look,
) -> String {
    let released = ledger.released.is_some();
    let mut out = String::new();
    let (word, style) = match end.status {
        RunStatus::Succeeded => ("succeeded", GOOD),
        RunStatus::Failed => ("failed", BAD),
        RunStatus::Interrupted => ("interrupted", CARE),
        RunStatus::Waiting => ("waits for a human", CARE),
    };
    line!(out, "Run {run} {}", look.paint(style, word));
    verdicts(ledger, look, &mut out);
    for (index, (step, error)) in end.walked.failed.iter().enumerate() {
        let first = if index == 0 && end.walked.failed.len() > 1 { " (first)" } else { "" };
        let error = look::clean(&error.to_string());
        line!(out, "  {} `{step}`{first}: {error}", look.paint(BAD, "failed"));
    }
    for (step, error) in &end.walked.tolerated {
        let error = look::clean(&error.to_string());
        line!(out, "  {} `{step}`: {error}", look.paint(CARE, "failed, tolerated"));
    }
    for (step, error) in &end.walked.waiting {
        let error = look::flow(&error.to_string());
        line!(out, "  {} `{step}`: {error}", look.paint(CARE, "waiting"));
    }
    for (step, by) in &end.walked.blocked {
        line!(out, "  {} `{step}`: `{by}` did not finish", look.paint(CARE, "not run"));
    }
    for step in &end.walked.interrupted {
        line!(out, "  {} `{step}`", look.paint(CARE, "interrupted"));
    }
    let changes = ledger.changes().count();
    let operations = ledger.operations().count();
    line!(
        out,
        "  {} made, {} started; kept in {dir}",
        plural(changes, "change"),
        plural(operations, "operation")
    );
    if let Some(lab) = lab(ledger) {
        let text = format!("in the lab, not on AWS: {}", look::clean(&lab.to_string()));
        out.add_lines(&format!("  {}", look::wrap(&text, "    ", look.width).trim_start()));
    }
    let presumed = ledger.steps.values().flat_map(|step| step.verdicts.values());
    // What was given back is not contained, whatever was presumed.
    if !released && presumed.clone().any(|(verdict, _)| matches!(verdict, Verdict::Presumed { .. }))
    {
        let text = match accepted {
            true => "not everything is proven, which was accepted: check what is presumed",
            false => {
                "not everything is proven: check what is presumed, or accept it with `--accept-presumed`"
            }
        };
        line!(out, "  {}", look.paint(CARE, text));
    }
    out.push('\n');
    let short = short(run);
    if end.status != RunStatus::Succeeded && !released {
        line!(out, "resume:     {}", look.paint(BOLD, &format!("backburn resume {short}")));
    }
    if !released {
        let command = format!("backburn release {short}");
        line!(out, "give back:  {}", look.paint(BOLD, &command));
    }
    line!(out, "timeline:   {}", look.paint(BOLD, &format!("backburn runs show {short}")));
    line!(out, "report:     {dir}/{}", RunDir::REPORT);
    out
}

/// The next steps after a release: another release if something is left, and where to read what happened.
pub fn after_release(run: &str, items: &[Item], dir: &str, look: &Look) -> String {
    let mut out = String::from("\n");
    let short = short(run);
    let mut line = |what: &str, command: &str| {
        let command = look.paint(BOLD, &format!("backburn {command} {short}"));
        line!(out, "{what:<12}{command}");
    };
    if items.iter().any(is_left_over) {
        line("again:", "release");
    }
    line("timeline:", "runs show");
    line!(out, "report:     {dir}/{}", RunDir::REPORT);
    out
}

/// How to find out later that nothing of the journal is missing.
pub fn head(run: &str, head: &str, look: &Look) -> String {
    let command = format!("backburn runs verify {} --head {head}", short(run));
    let mut out = String::new();
    line!(out, "verify:     {}", look.paint(BOLD, &command));
    out
}

/// What a ULID needs to be unique among runs of one person: its time part and a little more.
pub fn short(run: &str) -> &str {
    run.get(..13).unwrap_or(run)
}

pub(crate) fn verdicts(ledger: &Ledger, look: &Look, out: &mut String) {
    let found = ledger.steps.iter().flat_map(|(step, entry)| {
        entry.verdicts.iter().map(move |(subject, (verdict, _))| (step, subject, verdict))
    });
    let found: Vec<_> = found.collect();
    let rows: Vec<_> = found
        .iter()
        .map(|(step, subject, verdict)| {
            vec![format!("  {}", look.verdict(verdict)), (*step).clone(), look::clean(subject)]
        })
        .collect();
    let table = look::table(&rows);
    for (line, (_, _, verdict)) in table.lines().zip(&found) {
        line!(out, "{line}");
        if let Some(reason) = verdict.reason() {
            out.add_lines(&look::wrap(&look::clean(reason), "            ", look.width));
        }
    }
}

pub fn run_json(run: &str, end: &RunEnd, ledger: &Ledger, dir: &str) -> Value {
    let pairs = |list: &[(String, crate::engine::StepError)]| -> Vec<Value> {
        let one = |(step, error): &(String, crate::engine::StepError)| json!({ "step": step, "word": error.word(), "error": error.to_string() });
        list.iter().map(one).collect()
    };
    let verdicts: Vec<_> = ledger
        .steps
        .iter()
        .flat_map(|(step, entry)| {
            entry.verdicts.iter().map(move |(subject, (verdict, facts))| {
                json!({
                    "step": step, "subject": subject, "verdict": verdict.word(),
                    "reason": verdict.reason(), "facts": facts,
                })
            })
        })
        .collect();
    json!({
        "run": run,
        "status": end.status,
        "directory": dir,
        "lab": lab(ledger),
        "verdicts": verdicts,
        "failed": pairs(&end.walked.failed),
        "tolerated": pairs(&end.walked.tolerated),
        "waiting": pairs(&end.walked.waiting),
        "blocked": end.walked.blocked.iter().map(|(step, by)| json!({ "step": step, "by": by })).collect::<Vec<_>>(),
        "interrupted": end.walked.interrupted,
        "changes": ledger.changes().count(),
        "operations": ledger.operations().count(),
    })
}

/// What release did with each change; conflicts as three values.
pub fn release(run: &str, items: &[Item], look: &Look) -> String {
    let mut out = String::new();
    let count = |word: &str| items.iter().filter(|item| item.outcome.word() == word).count();
    let gone = match count("gone") {
        0 => String::new(),
        gone => format!(", {gone} gone"),
    };
    line!(
        out,
        "Release of {run}: {} given back, {} already before, {} retained, {}{gone}, {} failed",
        count("given back"),
        count("already before"),
        count("retained"),
        plural(count("conflict"), "conflict"),
        count("failed")
    );
    for item in items {
        let (style, detail) = match &item.outcome {
            Released::GivenBack => (GOOD, String::new()),
            Released::AlreadyBefore => (GOOD, String::new()),
            Released::Retained { what, .. } | Released::Gone { what } => {
                (CARE, format!(": {}", look::clean(what)))
            }
            Released::Failed { error } => (BAD, format!(": {}", look::clean(error))),
            Released::Conflict { .. } => (BAD, String::new()),
        };
        let word = look.paint(style, item.outcome.word());
        line!(out, "  {word}  {} `{}`{detail}", item.place, item.step);
        if let Released::Conflict { before, after, now } = &item.outcome {
            line!(out, "      before the run  {}", look::value(before, look.width));
            line!(out, "      this run set    {}", look::value(after, look.width));
            line!(out, "      now             {}", look::value(now, look.width));
            line!(
                out,
                "      someone else changed it, so it is left alone; `--force {}` gives it back anyway",
                argument(&format!("{} {}", item.place.kind, item.place.target))
            );
        }
    }
    out
}
