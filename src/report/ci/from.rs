//! Checks, plans and runs to findings. Owns which of their parts is a case, and its code.

use std::collections::HashMap;

use crate::{
    engine::{LEFT_OUT, plan::PlanState},
    playbook::{Diagnostic, diagnostic::Lines},
    program::{Checked, Program, planfile::PlanFile},
    report::model::{Report, State, StepRow, Tone},
};

use super::{Case, Findings, Level, Place, Problem, Result, Suite};

/// A playbook or simulation and the text that its steps stand in.
pub struct Document<'a> {
    /// As it was given.
    pub file: &'a str,
    pub text: &'a str,
    pub program: Option<&'a Program>,
}

impl Document<'_> {
    /// Where each step stands. Steps of a playbook that answers a drill stand in another file.
    fn places(&self) -> HashMap<String, Place> {
        let lines = Lines::new(self.text);
        let nodes = self.program.iter().flat_map(|program| program.nodes());
        let own = nodes.filter(|node| node.frame.is_none());
        own.map(|node| {
            (node.id.clone(), place(self.file, self.text, &lines, node.span.start, node.span.end))
        })
        .collect()
    }
}

fn place(file: &str, text: &str, lines: &Lines, start: usize, end: usize) -> Place {
    let ((line, column), (end_line, end_column)) =
        (lines.place(text, start), lines.place(text, end.max(start)));
    Place { file: file.into(), line, column, end_line, end_column }
}

fn found(level: Level, code: &str, message: impl Into<String>) -> Result {
    Result::Found(Problem { level, code: code.into(), message: message.into(), help: None })
}

/// A case for each problem, and one for each file that has none.
pub fn of_check(all: &[Checked]) -> Findings {
    let suites: Vec<Suite> = all.iter().map(checked).collect();
    let mut findings = Findings {
        command: "check",
        headline: String::new(),
        started: None,
        seconds: None,
        suites,
    };
    let plural = crate::report::plan::plural;
    findings.headline = format!(
        "{}, {}, {}",
        plural(all.len(), "file"),
        plural(findings.count(Level::Error), "error"),
        plural(findings.count(Level::Warning), "warning")
    );
    findings
}

fn checked(checked: &Checked) -> Suite {
    let lines = Lines::new(&checked.text);
    let mut cases: Vec<Case> =
        checked.diagnostics.iter().map(|one| diagnostic(checked, &lines, one)).collect();
    if cases.is_empty() {
        let name = "no problem".to_owned();
        cases.push(Case { name, seconds: None, place: None, result: Result::Passed });
    }
    Suite {
        name: checked
            .playbook
            .as_ref()
            .map_or_else(|| checked.name.clone(), |one| one.id.value.clone()),
        file: checked.name.clone(),
        seconds: None,
        properties: Vec::new(),
        cases,
    }
}

fn diagnostic(checked: &Checked, lines: &Lines, one: &Diagnostic) -> Case {
    let range = one.labels.first().map_or(0..0, |(range, _)| range.clone());
    let place = place(&checked.name, &checked.text, lines, range.start, range.end);
    Case {
        name: format!("{}:{} {}", place.line, place.column, one.code),
        seconds: None,
        place: Some(place),
        result: Result::Found(Problem {
            level: if one.is_error() { Level::Error } else { Level::Warning },
            code: one.code.into(),
            message: one.message.clone(),
            help: one.help.clone(),
        }),
    }
}

/// A case for each step, and for what concerns the whole plan.
pub fn of_plan(plan: &PlanFile, document: &Document<'_>) -> Findings {
    let places = document.places();
    let mut cases: Vec<Case> = plan
        .steps
        .iter()
        .map(|entry| Case {
            name: entry.step.id.clone(),
            seconds: None,
            place: places.get(parent(&entry.step.id)).cloned(),
            result: match &entry.step.state {
                PlanState::Planned | PlanState::Open(_) => Result::Passed,
                PlanState::Skipped(why) | PlanState::Blocked(why) => {
                    Result::Skipped { why: why.clone() }
                }
                PlanState::LeftOut => Result::Skipped { why: LEFT_OUT.into() },
                PlanState::Refused(why) => found(Level::Error, "plan::refused", why),
            },
        })
        .collect();
    let whole = |name: &str, result| Case { name: name.into(), seconds: None, place: None, result };
    let refusals =
        plan.refusals.iter().map(|why| whole("plan", found(Level::Error, "plan::conflict", why)));
    cases.extend(refusals);
    let warnings =
        plan.warnings.iter().map(|why| whole("plan", found(Level::Warning, "plan::warning", why)));
    cases.extend(warnings);
    let counts = plan.counts();
    let plural = crate::report::plan::plural;
    let headline = match plan.obstacles().len() {
        0 => format!(
            "{}, {}, hash {}",
            plural(counts.changes, "change"),
            plural(counts.operations, "operation"),
            plan.sha256.get(..12).unwrap_or_default()
        ),
        n if plan.refused().is_empty() => {
            let refused = plural(counts.refused, "step");
            format!("{refused} refused for {}, the others can run", plural(n, "reason"))
        }
        n => format!("refused for {}; nothing was changed", plural(n, "reason")),
    };
    let suite = Suite {
        name: plan.playbook.id.clone(),
        file: document.file.into(),
        seconds: None,
        properties: vec![
            ("account".into(), plan.scope.account.clone()),
            ("region".into(), plan.scope.region.clone()),
            ("plan-sha256".into(), plan.sha256.clone()),
        ],
        cases,
    };
    Findings {
        command: "plan",
        headline,
        started: Some(plan.created),
        seconds: None,
        suites: vec![suite],
    }
}

/// A case for each step, verdict, objective and change that could not be given back.
pub fn of_report(report: &Report, document: &Document<'_>) -> Findings {
    let places = document.places();
    let at = |step: &str| places.get(parent(step)).cloned();
    let mut cases: Vec<Case> = report
        .steps
        .iter()
        .map(|step| Case {
            name: step.id.clone(),
            seconds: step
                .started
                .zip(step.ended)
                .map(|(from, to)| to.duration_since(from).as_secs_f64()),
            place: at(&step.id),
            result: of_step(step),
        })
        .collect();
    cases.extend(report.verdicts.iter().map(|row| {
        let reason = row.reason.as_deref().unwrap_or_default();
        let result = match row.verdict.as_str() {
            _ if row.released => Result::Skipped { why: "release gave it back".into() },
            "proven" => Result::Passed,
            "presumed" => {
                found(Level::Warning, "run::presumed", format!("{}: {reason}", row.subject))
            }
            _ => found(Level::Error, "run::not-contained", format!("{}: {reason}", row.subject)),
        };
        Case {
            name: format!("{}: {} is contained", row.step, row.subject),
            seconds: None,
            place: at(&row.step),
            result,
        }
    }));
    cases.extend(
        report
            .changes
            .iter()
            .filter(|row| row.tone == Tone::Bad && report.run.released.is_some())
            .map(|row| {
                let note = row.note.as_deref().unwrap_or_default();
                let message = format!("{} {} is {}: {note}", row.kind, row.target, row.state);
                let result = found(Level::Error, "run::left-over", message);
                Case {
                    name: format!("{}: {} is given back", row.step, row.target),
                    seconds: None,
                    place: at(&row.step),
                    result,
                }
            }),
    );
    for one in report.drill.iter().flat_map(|card| &card.objectives) {
        let said =
            format!("{} `{}` was {}; {}", one.part.word(), one.name, one.outcome.word(), one.note);
        let result = match one.outcome.word() {
            "pass" => Result::Passed,
            _ if one.accepted => found(Level::Note, "drill::accepted", said),
            _ => found(Level::Error, "drill::objective", said),
        };
        cases.push(Case {
            name: format!("{}: {}", one.part.word(), one.name),
            seconds: one.took,
            place: None,
            result,
        });
    }
    let first = report.steps.iter().filter_map(|step| step.started).min();
    let seconds =
        first.zip(report.run.ended).map(|(from, to)| to.duration_since(from).as_secs_f64());
    let suite = Suite {
        name: report.run.document.clone(),
        file: document.file.into(),
        seconds,
        properties: vec![
            ("run".into(), report.run.id.clone()),
            ("account".into(), report.run.account.clone()),
            ("region".into(), report.run.region.clone()),
            ("journal-head".into(), report.run.journal.head.clone()),
        ],
        cases,
    };
    Findings {
        command: if report.run.simulation { "drill" } else { "run" },
        headline: report.summary.headline.clone(),
        started: report.run.started,
        seconds,
        suites: vec![suite],
    }
}

fn of_step(step: &StepRow) -> Result {
    let why = step.why.clone().unwrap_or_default();
    match step.state {
        State::Done => Result::Passed,
        State::Skipped => Result::Skipped { why },
        State::NotRun => Result::Skipped { why: "what it needs did not finish".into() },
        State::Failed => found(Level::Error, "run::step-failed", why),
        State::Tolerated => found(Level::Warning, "run::step-tolerated", why),
        State::Running | State::CutOff => {
            found(Level::Error, "run::not-ended", "no record shows how it ended")
        }
        State::Waiting => found(Level::Error, "run::waiting", why),
    }
}

fn parent(id: &str) -> &str {
    id.split('[').next().unwrap_or(id)
}
