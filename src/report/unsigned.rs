//! What a run that this user's key did not sign would make the program do, for whoever is asked whether to follow
//! it. All of it is what the run's files claim; the account is not asked.

use crate::{
    engine::plan::PlanState,
    journal::{How, Ledger, Record, Signature, StepState},
    program::planfile::PlanFile,
    text::line,
};

use super::{
    look::{self, BAD, BOLD, CARE, Look},
    plan::{endpoints, plural},
};

/// A run as its files have it.
pub struct Claimed<'a> {
    pub run: &'a str,
    pub signature: &'a Signature,
    /// SHA-256 of the journal's last line.
    pub head: &'a str,
    /// Where it stands, in a word.
    pub state: &'a str,
    pub ledger: &'a Ledger,
    /// None where it is missing or is not the one that the journal names.
    pub plan: Option<&'a PlanFile>,
}

/// So many settings and steps are named.
const MOST: usize = 40;

pub fn text(claimed: &Claimed<'_>, look: &Look) -> String {
    let Claimed { run, signature, head, state, ledger, plan } = claimed;
    let mut out = String::new();
    let words = signature.words().unwrap_or_else(|| "signed by this user".into());
    let style = if signature.is_own() { CARE } else { BAD };
    line!(out, "{} is {}", look.paint(BOLD, run), look.paint(style, &words));
    started(ledger, *plan, &mut out);
    line!(out, "  state     {state}, {} made", plural(ledger.changes().count(), "change"));
    release(ledger, look, &mut out);
    resume(ledger, *plan, look, &mut out);
    if ledger.scored.is_some() {
        line!(out, "  scorecard counts in `drill history` and `readiness` once the run is yours");
    }
    line!(out, "  head      {head}");
    out
}

fn started(ledger: &Ledger, plan: Option<&PlanFile>, out: &mut String) {
    let Some(Record::RunStarted { playbook, scope, endpoint, operator, .. }) = &ledger.started
    else {
        line!(out, "  it never started");
        return;
    };
    let what = match ledger.drill() {
        Some(drill) => format!("drill {drill} of {playbook}"),
        None => playbook.clone(),
    };
    line!(out, "  playbook  {}, begun by {}", look::clean(&what), look::clean(operator));
    let account = format!("{} in {}, as {}", scope.account, scope.region, scope.principal);
    line!(out, "  account   {}", look::clean(&account));
    // The plan is the one that the journal names, and has the same endpoints.
    match (plan, endpoint) {
        (Some(plan), _) => {
            endpoints(plan.endpoint.as_deref(), plan.local, &plan.endpoints, out);
        }
        (None, Some(endpoint)) => line!(out, "  endpoint  {}", look::clean(endpoint)),
        (None, None) => line!(out, "  endpoint  AWS"),
    }
}

fn release(ledger: &Ledger, look: &Look, out: &mut String) {
    let held: Vec<_> = ledger.changes().filter(|(.., change)| !change.is_given_back()).collect();
    if ledger.released == Some(true) || held.is_empty() {
        line!(out, "  release   would write nothing");
        return;
    }
    let is_drill = ledger.drill().is_some();
    line!(out, "  release   would look at {}:", plural(held.len(), "setting"));
    for (_, place, change) in held.iter().take(MOST) {
        let what = match change.how {
            How::Retained if !is_drill => "kept".to_owned(),
            How::Removed => "removed".to_owned(),
            How::Retained | How::Restored => {
                format!("set to {}", look::value(&change.before, look.width))
            }
        };
        line!(out, "    {}: {what}", look::clean(&place.to_string()));
    }
    more(held.len(), out);
}

fn resume(ledger: &Ledger, plan: Option<&PlanFile>, look: &Look, out: &mut String) {
    let Some(plan) = plan else {
        line!(out, "  resume    is refused: its plan is not the one that the journal names");
        return;
    };
    let is_left = |id: &str| {
        let state = ledger.steps.get(id).map(|step| &step.state);
        !matches!(state, Some(StepState::Finished(_) | StepState::Skipped(_)))
    };
    let steps: Vec<_> = plan.steps.iter().filter(|entry| is_left(&entry.step.id)).collect();
    if ledger.aborted || ledger.released.is_some() || steps.is_empty() {
        line!(out, "  resume    would run nothing");
        return;
    }
    line!(out, "  resume    would run {}:", plural(steps.len(), "step"));
    for entry in steps.iter().take(MOST) {
        let step = &entry.step;
        let open = match step.state {
            PlanState::Open(_) => ": and whatever else it finds to change while it runs",
            _ => "",
        };
        line!(out, "    {} ({}){open}", look::clean(&step.id), look::clean(&entry.uses));
        for one in step.operations.iter().take(MOST) {
            let place = look::clean(&one.place.to_string());
            let job = ledger.operation(&step.id, &one.place).and_then(|kept| kept.job.as_deref());
            let job = job.map(|job| format!(", which it says is {}", look::clean(job)));
            let job = job.unwrap_or_default();
            line!(out, "      {place}: {}{job}", look::value(&one.operation, look.width));
        }
        for change in step.changes.iter().take(MOST) {
            let place = look::clean(&change.place.to_string());
            line!(out, "      {place}: {}", look::value(&change.after, look.width));
        }
    }
    more(steps.len(), out);
}

fn more(all: usize, out: &mut String) {
    if all > MOST {
        line!(out, "    and {} more", all - MOST);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{engine::plan::PlannedOperation, journal::Place, program::planfile::tests::plan};

    /// What a resume would take for its own is a claim of the files, and shown as one.
    #[test]
    fn a_job_that_the_journal_names_stands_under_resume() {
        let mut plan = plan("01A", "arn:aws:iam::111122223333:user/anna");
        let step = plan.steps[0].step.id.clone();
        let place = Place { kind: "backup.restore".into(), target: "vol-1".into(), nth: 0 };
        let scope = plan.scope.clone();
        let operation = json!({ "point": "p-1" });
        plan.steps[0].step.operations.push(PlannedOperation {
            place: place.clone(),
            scope: scope.clone(),
            operation: operation.clone(),
            leaves: "a volume".into(),
        });
        let intent = Record::OperationIntent {
            step: step.clone(),
            place: place.clone(),
            scope,
            operation,
            token: "t".into(),
            leaves: "a volume".into(),
        };
        let started = Record::OperationStarted { step, place, job: "theirs\u{1b}[2J".into() };
        let ledger = Ledger::fold([&intent, &started]);
        let claimed = Claimed {
            run: "01A",
            signature: &Signature::Unsigned,
            head: "h",
            state: "interrupted",
            ledger: &ledger,
            plan: Some(&plan),
        };
        let text = text(&claimed, &Look { color: false, width: 120 });
        let (_, resume) = text.split_once("resume    would run 1 step:").expect("a resume");
        assert!(resume.contains("vol-1"), "{text}");
        assert!(resume.contains("which it says is theirs\\x1b[2J"), "{text}");
    }
}
