//! A plan for people. Owns its text; the plan itself is `program::planfile`'s.

use std::fmt::Write;

use crate::{
    engine::{
        How,
        plan::{PlanState, PlannedChange},
    },
    program::{
        belts::{Answer, Limit},
        planfile::{PlanEntry, PlanFile},
    },
};

use super::look::{self, BAD, BOLD, CARE, DIM, GOOD, Look, NAME};

/// The whole plan, ending with its hash.
pub fn plan(plan: &PlanFile, look: &Look) -> String {
    let mut out = String::new();
    header(plan, look, &mut out);
    for entry in &plan.steps {
        step(entry, look, &mut out);
    }
    footer(plan, look, &mut out);
    out
}

fn header(plan: &PlanFile, look: &Look, out: &mut String) {
    let playbook = &plan.playbook;
    let _ = writeln!(
        out,
        "{} {} {}",
        look.paint(BOLD, &format!("Plan of `{}`", playbook.id)),
        playbook.version,
        look::clean(&playbook.title)
    );
    let scope = &plan.scope;
    let _ = writeln!(out, "  account   {} in {}", scope.account, scope.region);
    let _ = writeln!(out, "  as        {}", scope.principal);
    let endpoint = match &plan.endpoint {
        Some(url) if plan.local => format!("{url} (a local endpoint, not AWS)"),
        Some(url) => format!("{url} (a custom endpoint)"),
        None => "AWS".into(),
    };
    let _ = writeln!(out, "  endpoint  {endpoint}");
    if let Some(lab) = &plan.lab {
        let text = look::wrap(&look::clean(&lab.to_string()), "            ", look.width);
        let _ = writeln!(out, "  lab       {}", text.trim_start());
    }
    for (name, value) in &plan.inputs {
        let _ = writeln!(out, "  input     {name} = {}", look::value(value, 80));
    }
    out.push('\n');
}

fn step(entry: &PlanEntry, look: &Look, out: &mut String) {
    let step = &entry.step;
    let who = match &entry.owner {
        Some(owner) => format!("{}, {}", entry.phase, owner),
        None => entry.phase.to_string(),
    };
    let who = match entry.responsibility {
        crate::playbook::Responsibility::Customer => who,
        other => format!("{who}; responsible: {other}"),
    };
    let head = format!("{}  {}", look.paint(NAME, &step.id), entry.uses);
    let _ = writeln!(out, "{head}  {}", look.paint(DIM, &format!("({who})")));
    let mark = |style, mark: &str| look.paint(style, mark);
    match &step.state {
        PlanState::Planned => {}
        PlanState::Skipped(why) => {
            let _ = writeln!(out, "  {} skipped: {why}", mark(DIM, "-"));
        }
        PlanState::Open(why) => {
            let _ = writeln!(out, "  {} (known after run): {why}", mark(CARE, "?"));
        }
        PlanState::Refused(why) => {
            let _ = writeln!(out, "  {} {why}", mark(BAD, "x"));
        }
        PlanState::Blocked(why) => {
            let _ = writeln!(out, "  {} not planned: {why}", mark(BAD, "x"));
        }
    }
    for ask in &step.asks {
        let _ = writeln!(out, "  {} asks a human: {}", mark(CARE, "?"), look::clean(ask));
    }
    for one in &step.changes {
        change(one, look, out);
    }
    for place in &step.keeps {
        let _ = writeln!(out, "  {} {place} already is so", mark(DIM, "="));
    }
    for wait in &step.waits {
        let _ = writeln!(out, "  {} waits {wait}", mark(DIM, "·"));
    }
    for operation in &step.operations {
        let _ = writeln!(
            out,
            "  {} starts {}; leaves {}",
            mark(CARE, ">"),
            operation.place,
            look::clean(&operation.leaves)
        );
    }
    for name in &step.evidence {
        let _ = writeln!(out, "  {} keeps evidence `{name}`", mark(GOOD, ">"));
    }
    for subject in &step.verifies {
        let _ = writeln!(out, "  {} verdict on {subject}", mark(GOOD, "✓"));
    }
    for note in &step.notes {
        let _ = writeln!(out, "  {} {}", mark(CARE, "!"), look::clean(note));
    }
    out.push('\n');
}

fn change(change: &PlannedChange, look: &Look, out: &mut String) {
    let (sign, style) = match (&change.before, &change.after) {
        (serde_json::Value::Null, _) => ("+", GOOD),
        (_, serde_json::Value::Null) => ("-", BAD),
        _ => ("~", CARE),
    };
    let release = match change.release {
        How::Restored => "",
        How::Removed => "  (release removes it)",
        How::Retained => "  (release keeps it)",
    };
    let _ =
        writeln!(out, "  {} {}{}", look.paint(style, sign), change.place, look.paint(DIM, release));
    let (before, after) = (look::whole(&change.before), look::whole(&change.after));
    let end = match &change.until {
        Some(until) => format!("  (exposed until it is {})", look::whole(until)),
        None => String::new(),
    };
    let length = before.chars().count() + after.chars().count() + end.chars().count();
    if length + 10 <= look.width {
        let _ = writeln!(out, "      {before} -> {after}{end}");
    } else {
        // A plan is exact: nothing of a value is left out.
        let _ = writeln!(out, "{}", look::block(&change.before, "      ", look.width));
        let _ = writeln!(out, "{}{end}", look::block(&change.after, "   -> ", look.width));
    }
    if let Some(caveat) = &change.caveat {
        let _ = writeln!(out, "      {} {caveat}", look.paint(BAD, "!"));
    }
}

fn footer(plan: &PlanFile, look: &Look, out: &mut String) {
    for warning in &plan.warnings {
        let _ = writeln!(out, "{} {warning}", look.paint(CARE, "warning:"));
    }
    for obstacle in plan.obstacles() {
        let _ = writeln!(out, "{} {obstacle}", look.paint(BAD, "refused:"));
    }
    let counts = plan.counts();
    let mut parts = vec![
        plural(counts.changes, "change"),
        plural(counts.operations, "operation"),
        plural(counts.verdicts, "verdict"),
    ];
    if counts.retained > 0 {
        parts
            .push(format!("{} that release does not give back", plural(counts.retained, "change")));
    }
    if counts.open > 0 {
        parts.push(format!("{} with parts known after run", plural(counts.open, "step")));
    }
    belts(plan, look, out);
    let _ = writeln!(out, "{}", look.paint(BOLD, &parts.join(", ")));
    let _ = writeln!(out, "sha256 {}", plan.sha256);
}

/// The belts that were checked; what does not hold stands above them as a refusal.
fn belts(plan: &PlanFile, look: &Look, out: &mut String) {
    let belts = &plan.belts;
    let mut row = |name: &str, text: String| {
        let text = look::wrap(&text, "              ", look.width);
        let _ = writeln!(out, "{name:<13} {}", text.trim_start());
    };
    let limits: Vec<_> = belts.limits.iter().map(|limit| limit_of(limit, look)).collect();
    row("limits", limits.join(", "));
    let protected = &belts.protected;
    row(
        "protected",
        format!(
            "{} looked at for the tag {}",
            plural(protected.looked_at, "resource"),
            protected.tag
        ),
    );
    for one in &protected.unprotectable {
        row("unprotected", format!("no tag can protect {one}"));
    }
    row(
        "lock-out",
        match belts.lockout.as_slice() {
            [] => "no step that was planned denies anything to a principal".into(),
            steps => format!("the runner is not hit by {}", steps.join(", ")),
        },
    );
    let experiments = &belts.experiments;
    row(
        "experiments",
        match (experiments.known, experiments.running.as_slice()) {
            (false, _) => look.paint(CARE, "unknown"),
            (true, []) => "none is running".into(),
            (true, running) => format!("running: {}", running.join(", ")),
        },
    );
    row("age", "a saved plan can be run for 15 min, or as long as `--max-age` allows".into());
    if belts.permissions.is_none() {
        let all = plan.permissions.join(", ");
        return row(
            "permissions",
            format!("{} (not asked for): {all}", look.paint(CARE, "unknown")),
        );
    }
    for (answer, why, actions) in belts.by_answer() {
        let style = match answer {
            Answer::Denied => BAD,
            Answer::Unknown => CARE,
            Answer::Allowed => GOOD,
        };
        let word = look.paint(style, answer.word());
        row("permissions", format!("{word}, {}: {}", look::clean(why), actions.join(", ")));
    }
}

fn limit_of(limit: &Limit, look: &Look) -> String {
    let Limit { what, limit, touched } = limit;
    let count = format!("{} of {limit} {what}", touched.len());
    match touched.len() as u64 > *limit {
        true => look.paint(BAD, &count),
        false => count,
    }
}

pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
