//! The summary for the commander: what happened, what is contained, what is open, what to do next.
//! Owns the words; each of them follows from a row of the report.

use crate::report::{look, plan::plural};

use super::{Next, Open, Report, State, Summary, Tone};

/// Before the rows are known.
pub(super) fn none() -> Summary {
    Summary {
        tone: Tone::Quiet,
        headline: String::new(),
        story: Vec::new(),
        open: Vec::new(),
        next: Vec::new(),
    }
}

pub(super) fn summary(report: &Report) -> Summary {
    let open = open(report);
    let (tone, headline) = headline(report);
    Summary { tone, headline, story: story(report), next: next(report), open }
}

fn count(report: &Report, word: &str) -> usize {
    report.verdicts.iter().filter(|row| row.verdict == word).count()
}

fn states(report: &Report, state: State) -> usize {
    report.steps.iter().filter(|step| step.state == state).count()
}

/// One line that can be read out.
fn headline(report: &Report) -> (Tone, String) {
    if let Some(card) = &report.drill {
        let word = card.outcome.word();
        let tone = match word {
            "pass" => Tone::Good,
            "unverified" | "plumbing-only" | "late" => Tone::Care,
            _ => Tone::Bad,
        };
        let reached =
            card.objectives.iter().filter(|one| one.outcome.word() == "pass" || one.accepted);
        let (reached, all) = (reached.count(), plural(card.objectives.len(), "objective"));
        let said = format!("The drill ended: {word}. {reached} of {all} reached");
        return match &card.contradiction {
            Some(contradiction) => (Tone::Bad, format!("Not contained: {contradiction}. {said}")),
            None => (tone, said),
        };
    }
    let run = &report.run;
    let verdicts = verdict_words(report);
    match (run.released, run.status.as_str()) {
        (Some(true), _) => (Tone::Good, "Released: what the run took is given back".into()),
        (Some(false), _) => (Tone::Bad, "Released in part: something is not given back".into()),
        (None, "running") => {
            let how = match states(report, State::Waiting) {
                0 => "Still running".to_owned(),
                n => format!("Waits for {}", plural(n, "answer")),
            };
            (Tone::Care, format!("{how}{}", after(&verdicts)))
        }
        (None, "waiting") => (Tone::Care, format!("Waits for a person{}", after(&verdicts))),
        (None, "interrupted") => (Tone::Care, format!("Interrupted{}", after(&verdicts))),
        (None, "cut off") => (
            Tone::Bad,
            format!("Cut off: the process ended before the run did{}", after(&verdicts)),
        ),
        (None, "aborted") => (Tone::Bad, format!("Aborted{}", after(&verdicts))),
        (None, "failed") => {
            let failed = plural(states(report, State::Failed), "step");
            (Tone::Bad, format!("Failed: {failed} did not work{}", after(&verdicts)))
        }
        _ if report.verdicts.is_empty() => {
            (Tone::Good, "Every step ran; none of them is a containment".into())
        }
        _ if count(report, "failed") > 0 => (Tone::Bad, format!("Not contained: {verdicts}")),
        _ if count(report, "presumed") > 0 => {
            (Tone::Care, format!("Contained, not all of it proven: {verdicts}"))
        }
        _ => (Tone::Good, format!("Contained: {verdicts}")),
    }
}

fn after(verdicts: &str) -> String {
    if verdicts.is_empty() { String::new() } else { format!("; {verdicts}") }
}

fn verdict_words(report: &Report) -> String {
    let words = ["proven", "presumed", "failed"];
    let parts = words.map(|word| (count(report, word), word));
    let said = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    said.collect::<Vec<_>>().join(", ")
}

fn story(report: &Report) -> Vec<String> {
    let run = &report.run;
    let kind = if run.simulation { "simulation" } else { "playbook" };
    let place = match &run.endpoint {
        // Where services were called at several places, each is named.
        Some(each) if each.contains(" at ") => {
            format!("account {} in {} (`{each}`)", run.account, run.region)
        }
        Some(endpoint) => {
            format!("account {} in {} on `{endpoint}`, not AWS", run.account, run.region)
        }
        None => format!("account {} in {}", run.account, run.region),
    };
    let mut story = vec![format!(
        "{} ran the {kind} `{}` {} in {place}.",
        run.operator, run.document, run.version
    )];
    let done = states(report, State::Done);
    let mut sentence = format!("{done} of {} ended", plural(report.steps.len(), "step"));
    if let (Some(first), Some(ended)) =
        (report.steps.iter().filter_map(|step| step.started).min(), run.ended)
    {
        sentence
            .push_str(&format!(" in {}", look::time(ended.duration_since(first).unsigned_abs())));
    }
    let others = [State::Failed, State::Tolerated, State::CutOff, State::Skipped, State::NotRun];
    let others = others.map(|state| (states(report, state), state.word()));
    let said = others.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!(", {n} {word}"));
    sentence.extend(said);
    story.push(format!("{sentence}."));
    let mut did = Vec::new();
    match report.changes.len() {
        0 => did.push("it changed nothing".to_owned()),
        n => did.push(format!("it made {}", plural(n, "change"))),
    }
    let counts = [
        (report.operations.len(), "operation", "started"),
        (report.evidence.len(), "file", "kept as evidence"),
    ];
    for (n, what, how) in counts.into_iter().filter(|(n, ..)| *n > 0) {
        did.push(format!("{} {how}", plural(n, what)));
    }
    let mut sentence = did.join(", ");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    story.push(format!("{sentence}."));
    if let Some(abort) = &run.aborted {
        let why = abort.reason.as_deref().unwrap_or("no reason was given");
        story.push(format!("{} aborted it: {why}.", abort.by));
    }
    if let Some(complete) = run.released {
        let count = |tone: Tone| report.changes.iter().filter(|row| row.tone == tone).count();
        let (back, left) = (count(Tone::Good), count(Tone::Bad));
        story.push(match (complete, left) {
            (true, _) => {
                format!("Release gave back {back} of {}.", plural(report.changes.len(), "change"))
            }
            (false, _) => format!("Release gave back {back}, and {left} could not be given back."),
        });
    }
    story
}

fn open(report: &Report) -> Vec<Open> {
    let mut open = Vec::new();
    let mut add = |tone, text: String, step: Option<&String>| {
        open.push(Open { tone, text, step: step.cloned() });
    };
    for row in report.verdicts.iter().filter(|row| row.stands("failed")) {
        let why = row.reason.as_deref().unwrap_or_default();
        add(Tone::Bad, format!("{} is not contained: {why}", row.subject), Some(&row.step));
    }
    for step in &report.steps {
        let why = step.why.as_deref().unwrap_or_default();
        match step.state {
            State::Failed => add(Tone::Bad, format!("failed: {why}"), Some(&step.id)),
            State::CutOff => add(Tone::Bad, format!("cut off: {why}"), Some(&step.id)),
            // It says itself that it waits, or what it asks.
            State::Waiting => add(Tone::Care, why.into(), Some(&step.id)),
            _ => {}
        }
    }
    for row in report.changes.iter().filter(|row| row.tone == Tone::Bad) {
        let note = row.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        let text = format!("{} {} is {}{note}", row.kind, row.target, row.state);
        add(Tone::Bad, text, Some(&row.step));
    }
    for row in report.evidence.iter().filter(|row| row.same != Some(true)) {
        let what = if row.same.is_none() { "is missing" } else { "was changed since" };
        add(Tone::Bad, format!("evidence {} {what}", row.file), Some(&row.step));
    }
    if !report.run.journal.files_match {
        add(
            Tone::Bad,
            "playbook or plan of this run do not match the journal and are not used".into(),
            None,
        );
    }
    if let Some(unfit) = &report.run.journal.scorecard {
        let text = format!("the scorecard in the run's folder is {unfit} and is not used");
        add(Tone::Bad, text, None);
    }
    for row in report.verdicts.iter().filter(|row| row.stands("presumed")) {
        let why = row.reason.as_deref().unwrap_or_default();
        add(Tone::Care, format!("{} is presumed contained: {why}", row.subject), Some(&row.step));
    }
    for row in report.verdicts.iter().filter(|row| row.released) {
        let text = format!("{} is not contained any more: release gave it back", row.subject);
        add(Tone::Care, text, Some(&row.step));
    }
    for step in report.steps.iter().filter(|step| step.state == State::Tolerated) {
        let why = step.why.as_deref().unwrap_or_default();
        add(Tone::Care, format!("failed, and the run continued: {why}"), Some(&step.id));
    }
    open
}

fn next(report: &Report) -> Vec<Next> {
    let run = &report.run;
    let short = run.id.get(..13).unwrap_or(&run.id);
    let mut next = Vec::new();
    let mut add = |why: &str, command: String| next.push(Next { why: why.into(), command });
    let over = matches!(run.status.as_str(), "succeeded" | "aborted" | "running");
    if !over && run.released.is_none() {
        add("resume the run", format!("backburn resume {short}"));
    }
    let took = !report.changes.is_empty() || !report.operations.is_empty();
    match run.released {
        None if took && run.status != "running" => {
            add("give back what it took", format!("backburn release {short}"));
        }
        Some(false) => add("try again to give back the rest", format!("backburn release {short}")),
        _ => {}
    }
    add("check journal and evidence", format!("backburn runs verify {short}"));
    next
}
