//! A plan for people. Owns its text; the plan itself is `program::planfile`'s.

use indexmap::IndexMap;

use crate::{
    engine::{
        How, LEFT_OUT,
        plan::{PlanState, PlannedChange},
    },
    program::{
        belts::{Answer, Limit},
        planfile::{PlanEntry, PlanFile},
    },
    text::{AddLine, line},
};

pub(crate) use crate::text::plural;

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
    line!(
        out,
        "{} {} {}",
        look.paint(BOLD, &format!("Plan of `{}`", playbook.id)),
        playbook.version,
        look::flow(&playbook.title)
    );
    let scope = &plan.scope;
    line!(out, "  account   {} in {}", scope.account, scope.region);
    line!(out, "  as        {}", scope.principal);
    endpoints(plan.endpoint.as_deref(), plan.local, &plan.endpoints, out);
    if let Some(path) = &plan.configuration {
        line!(out, "  config    {}", look::clean(path));
    }
    if let Some(lab) = &plan.lab {
        let text = look::wrap(&look::clean(&lab.to_string()), "            ", look.width);
        out.add_lines(&format!("  lab       {}", text.trim_start()));
    }
    for (name, value) in &plan.inputs {
        line!(out, "  input     {name} = {}", look::value(value, 80));
    }
    out.push('\n');
}

/// Where the calls go: all to one place, or a line for each.
pub(super) fn endpoints(
    one: Option<&str>,
    local: bool,
    each: &IndexMap<String, String>,
    out: &mut String,
) {
    let whose = match local {
        true => "a local endpoint, not AWS",
        false => "a custom endpoint, not AWS's",
    };
    let one = one.map_or_else(|| "AWS".to_owned(), |url| format!("{} ({whose})", look::clean(url)));
    if each.is_empty() {
        line!(out, "  endpoint  {one}");
        return;
    }
    let mut by: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for (service, url) in each {
        by.entry(url).or_default().push(service);
    }
    for (nth, (url, services)) in by.iter().enumerate() {
        let name = if nth == 0 { "endpoints" } else { "" };
        line!(out, "  {name:<9} {} for {}", look::clean(url), services.join(", "));
    }
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
    line!(out, "{head}  {}", look.paint(DIM, &format!("({who})")));
    let mark = |style, mark: &str| look.paint(style, mark);
    match &step.state {
        PlanState::Planned => {}
        PlanState::Skipped(why) => {
            line!(out, "  {} skipped: {why}", mark(DIM, "-"));
        }
        PlanState::LeftOut => {
            line!(out, "  {} {LEFT_OUT}", mark(CARE, "-"));
        }
        PlanState::Open(why) => {
            line!(out, "  {} (known after run): {why}", mark(CARE, "?"));
        }
        PlanState::Refused(why) => {
            line!(out, "  {} refused: {why}", mark(BAD, "x"));
        }
        PlanState::Blocked(why) => {
            line!(out, "  {} does not run: {why}", mark(BAD, "x"));
        }
    }
    for ask in &step.asks {
        line!(out, "  {} asks a human: {}", mark(CARE, "?"), look::flow(ask));
    }
    for one in &step.changes {
        change(one, look, out);
    }
    for place in &step.keeps {
        line!(out, "  {} {place} already is so", mark(DIM, "="));
    }
    for wait in &step.waits {
        line!(out, "  {} waits {wait}", mark(DIM, "·"));
    }
    for operation in &step.operations {
        line!(
            out,
            "  {} starts {}; leaves {}",
            mark(CARE, ">"),
            operation.place,
            look::clean(&operation.leaves)
        );
        // Whole: it is what is approved.
        let body = format!("with {}", look::whole(&operation.operation));
        out.add_lines(&look::wrap(&body, "      ", look.width));
    }
    for name in &step.evidence {
        line!(out, "  {} keeps evidence `{name}`", mark(GOOD, ">"));
    }
    for subject in &step.verifies {
        line!(out, "  {} verdict on {subject}", mark(GOOD, "✓"));
    }
    for note in &step.notes {
        line!(out, "  {} {}", mark(CARE, "!"), look::clean(note));
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
    line!(out, "  {} {}{}", look.paint(style, sign), change.place, look.paint(DIM, release));
    let (before, after) = (look::whole(&change.before), look::whole(&change.after));
    let end = match &change.until {
        Some(until) => format!("  (exposed until it is {})", look::whole(until)),
        None => String::new(),
    };
    let length = before.chars().count() + after.chars().count() + end.chars().count();
    if length + 10 <= look.width {
        line!(out, "      {before} -> {after}{end}");
    } else {
        // A plan is exact: nothing of a value is left out.
        out.add_lines(&look::block(&change.before, "      ", look.width));
        out.add_lines(&(look::block(&change.after, "   -> ", look.width) + &end));
    }
    if let Some(caveat) = &change.caveat {
        line!(out, "      {} {caveat}", look.paint(BAD, "!"));
    }
}

fn footer(plan: &PlanFile, look: &Look, out: &mut String) {
    for warning in &plan.warnings {
        line!(out, "{} {warning}", look.paint(CARE, "warning:"));
    }
    for obstacle in plan.obstacles() {
        line!(out, "{} {obstacle}", look.paint(BAD, "refused:"));
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
    if counts.refused > 0 {
        parts.push(format!("{} refused", plural(counts.refused, "step")));
    }
    if counts.blocked > 0 {
        parts.push(format!("{} that cannot run for it", plural(counts.blocked, "step")));
    }
    if counts.left_out > 0 {
        parts.push(format!("{} left out", plural(counts.left_out, "step")));
    }
    belts(plan, look, out);
    if counts.refused > 0 && plan.refused().is_empty() {
        let text =
            "a run holds the refused steps back, does the others, and does not end as a success";
        line!(out, "{} {text}", look.paint(CARE, "partial:"));
    }
    line!(out, "{}", look.paint(BOLD, &parts.join(", ")));
    line!(out, "sha256 {}", plan.sha256);
}

/// The belts that were checked; what does not hold stands above them as a refusal.
fn belts(plan: &PlanFile, look: &Look, out: &mut String) {
    let belts = &plan.belts;
    let mut row = |name: &str, text: String| {
        let text = look::wrap(&text, "              ", look.width);
        out.add_lines(&format!("{name:<13} {}", text.trim_start()));
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
