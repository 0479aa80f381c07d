//! An answer to what a step of a run waits for, wherever somebody gives it. Owns when one is taken.

use crate::{
    journal::{Ledger, Record, RunDir, StepState},
    playbook,
    program::planfile::PlanFile,
};

use super::{
    Exit, Failure,
    desk::{Asked, Desk, Given},
};

/// An answer that somebody wants to give, wherever they do.
pub struct Wanted {
    pub step: String,
    pub role: String,
    pub by: String,
    pub reason: String,
    pub yes: bool,
    /// The plan's hash, or its first 8 characters or more, where the answer is for that plan only.
    pub plan: Option<String>,
    /// SHA-256 of the question, where the answer is to that one only.
    pub question: Option<String>,
    pub via: Option<String>,
}

/// Leaves an answer for the run, when its step waits for one from this role under this plan.
///
/// # Errors
/// The step is not waiting, or is waiting for another role or plan; the disk refuses it.
pub fn answer(dir: &RunDir, wanted: Wanted) -> Result<Given, Failure> {
    let ledger = folded(dir)?;
    let plan = plan(dir, &ledger, wanted.plan.as_deref())?;
    let desk = Desk::of(dir, &plan.sha256);
    let asked = asked(&desk, dir, &ledger, &plan, &wanted.step)?;
    if wanted.question.is_some_and(|question| question != asked.question_sha256()) {
        let step = &wanted.step;
        return Err(Failure::new(Exit::Refused, format!("step `{step}` asks something else now")));
    }
    fits(dir, &asked, &wanted.role)?;
    let given = Given {
        step: wanted.step,
        question: asked.question_sha256(),
        plan: plan.sha256,
        role: wanted.role,
        by: wanted.by,
        at: jiff::Timestamp::now(),
        via: wanted.via,
        yes: wanted.yes,
        reason: wanted.reason,
    };
    desk.give(&given)?;
    Ok(given)
}

/// The plan that the run is held to, if it is the one the caller means.
fn plan(dir: &RunDir, ledger: &Ledger, meant: Option<&str>) -> Result<PlanFile, Failure> {
    let plan: PlanFile = dir.read_json(RunDir::PLAN)?;
    let refused = |text: String| Failure::new(Exit::Refused, text);
    let run = dir.id();
    match &ledger.started {
        Some(Record::RunStarted { plan_sha256, .. })
            if *plan_sha256 == plan.sha256 && plan.is_intact() => {}
        _ => {
            return Err(refused(format!(
                "the plan of run {run} was changed after the run started: nothing is approved"
            )));
        }
    }
    match meant {
        Some(hash) if hash.len() < 8 || !plan.sha256.starts_with(&hash.to_lowercase()) => {
            Err(refused(format!("run {run} has the plan {}, not `{hash}`", plan.sha256))
                .help("look at what the run would do: `backburn runs show`"))
        }
        _ => Ok(plan),
    }
}

fn asked(
    desk: &Desk,
    dir: &RunDir,
    ledger: &Ledger,
    plan: &PlanFile,
    step: &str,
) -> Result<Asked, Failure> {
    let run = dir.id();
    let state = ledger.steps.get(step).map(|step| &step.state);
    if let Some(asked) = desk.asked(step)?
        && !matches!(state, Some(StepState::Finished(_) | StepState::Skipped(_)))
    {
        return Ok(asked);
    }
    let known = plan.steps.iter().any(|entry| entry.step.id == *step);
    if !known && state.is_none() {
        let known: Vec<_> = plan.steps.iter().map(|entry| entry.step.id.as_str()).collect();
        return Err(Failure::new(Exit::Usage, format!("run {run} has no step `{step}`"))
            .help(format!("its steps are {}", known.join(", "))));
    }
    let why = match state {
        Some(StepState::Finished(_)) => "it has finished",
        Some(StepState::Skipped(_)) => "it was skipped",
        Some(StepState::Failed { .. }) => "it failed",
        Some(StepState::Running) => "it is running and asks nothing",
        Some(StepState::Pending) | None => "it has not reached its question yet",
    };
    Err(Failure::new(
        Exit::Refused,
        format!("step `{step}` of run {run} is not waiting for an answer: {why}"),
    ))
}

fn fits(dir: &RunDir, asked: &Asked, role: &str) -> Result<(), Failure> {
    let step = &asked.step;
    match &asked.role {
        Some(wanted) if wanted == role => Ok(()),
        Some(wanted) => Err(Failure::new(
            Exit::Refused,
            format!("step `{step}` waits for the role `{wanted}`, not for `{role}`"),
        )
        .help("the role of a step is its `approval.role`, or else its `owner`")),
        None => {
            let known = roles(dir)?;
            if known.is_empty() || known.iter().any(|known| known == role) {
                return Ok(());
            }
            Err(Failure::new(Exit::Refused, format!("the playbook has no role `{role}`"))
                .help(format!("its roles are {}", known.join(", "))))
        }
    }
}

/// The roles of a run's playbook.
pub fn roles(dir: &RunDir) -> Result<Vec<String>, Failure> {
    let declared = playbook::parse(&dir.read_text(RunDir::PLAYBOOK)?).0;
    Ok(declared.map(|playbook| playbook.roles.keys().cloned().collect()).unwrap_or_default())
}

/// Read while another process may be writing: a line that is not whole yet is left out.
fn folded(dir: &RunDir) -> Result<Ledger, Failure> {
    let ledger = Ledger::read(&dir.journal())?;
    let over = match (ledger.aborted, ledger.released) {
        (true, _) => "was aborted",
        (_, Some(_)) => "was released",
        _ => return Ok(ledger),
    };
    Err(Failure::new(
        Exit::Refused,
        format!("run {} {over}; none of its steps is waiting", dir.id()),
    ))
}
