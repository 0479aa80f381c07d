//! An answer to what a step of a run waits for, wherever somebody gives it. Owns when one is taken.

use crate::{
    journal::{self, Ledger, Record, RunDir, StepState, Who, is_hash},
    playbook,
    program::planfile::PlanFile,
};

use super::{
    Context, Exit, Failure,
    desk::{Asked, Desk, Given, approve},
    entitled::{Bench, PAGE},
    identity::{is_administrator_of, operators},
    whose::{self, Looked},
};

/// An answer that somebody wants to give, wherever they do.
pub(crate) struct Wanted {
    pub step: String,
    pub role: String,
    pub by: String,
    /// What AWS and the system say of them. Of the page it is not used: whoever holds its token acts as the
    /// run's operator.
    pub who: Who,
    pub reason: String,
    pub yes: bool,
    /// The plan's hash, or its first 32 digits or more, where the answer is for that plan only.
    pub plan: Option<String>,
    /// Id of the question, where the answer is to that one only.
    pub question: Option<String>,
    pub via: &'static str,
}

/// Leaves an answer for the run, when its step waits for one from this role under this plan. One that does not
/// count is left for the journal.
///
/// # Errors
/// The step is not waiting, or is waiting for another role, plan or person; no reason is given; the disk refuses it.
pub(crate) fn answer(context: &Context, dir: &RunDir, wanted: Wanted) -> Result<Given, Failure> {
    if wanted.reason.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, "an answer needs a reason, which is journaled"));
    }
    let ledger = folded(context, dir)?;
    let plan = plan(dir, &ledger, wanted.plan.as_deref())?;
    let seal = match is_administrator_of(dir) {
        // The file shows whose it is.
        true => None,
        false => context.seal()?,
    };
    let desk = Desk::of(dir, &plan.sha256, seal);
    let operators = everybody(dir)?;
    let who = match wanted.via {
        PAGE => operators.last().cloned().unwrap_or_default(),
        _ => wanted.who,
    };
    let mut given = Given {
        step: wanted.step,
        question: wanted.question.clone().unwrap_or_default(),
        plan: plan.sha256.clone(),
        role: wanted.role,
        by: wanted.by,
        who,
        at: jiff::Timestamp::now(),
        via: Some(wanted.via.into()),
        yes: wanted.yes,
        reason: wanted.reason.trim().into(),
        mac: None,
    };
    let asked = match asked(&desk, dir, &ledger, &plan, &given.step) {
        Err(failure) if failure.exit == Exit::Refused => {
            desk.leave(&given, "its step did not wait for an answer");
            return Err(failure);
        }
        asked => asked?,
    };
    if wanted.question.is_some_and(|question| question != asked.id) {
        let step = &given.step;
        desk.leave(&given, "its step asked something else by then");
        return Err(Failure::new(Exit::Refused, format!("step `{step}` asks something else now")));
    }
    given.question.clone_from(&asked.id);
    fits(dir, &ledger, &asked, &given.role)?;
    let bench = Bench { operators, account: plan.scope.account, rehearses: false };
    if let Some(why) = bench.refuses(&asked.rule, &given.who, given.via.as_deref()) {
        desk.leave(&given, &why);
        let (step, run) = (&given.step, dir.id());
        let message = format!("this answer to step `{step}` is not taken: {why}");
        return Err(Failure::new(Exit::Refused, message).help(format!(
            "somebody else answers, with credentials and a system user of their own: `{}`",
            approve(run, step, Some(&given.role))
        )));
    }
    desk.give(&given)?;
    Ok(given)
}

/// Who started or resumed the run.
fn everybody(dir: &RunDir) -> Result<Vec<Who>, Failure> {
    let mut found = Vec::new();
    journal::each(&dir.journal(), |line| found.extend(operators([&line.record])))?;
    Ok(found)
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
        Some(hash) if !is_hash(&plan.sha256, hash) => {
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
        && waits(state)
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

/// Whether a step may still wait where its question lies. One that failed asks anew in its next attempt.
fn waits(state: Option<&StepState>) -> bool {
    match state {
        Some(StepState::Finished(_) | StepState::Skipped(_)) => false,
        Some(StepState::Failed { word, .. }) => word == "waiting",
        Some(StepState::Running | StepState::Pending) | None => true,
    }
}

fn fits(dir: &RunDir, ledger: &Ledger, asked: &Asked, role: &str) -> Result<(), Failure> {
    let step = &asked.step;
    match &asked.role {
        Some(wanted) if wanted == role => Ok(()),
        Some(wanted) => Err(Failure::new(
            Exit::Refused,
            format!("step `{step}` waits for the role `{wanted}`, not for `{role}`"),
        )
        .help("the role of a step is its `approval.role`, or else its `owner`")),
        None => {
            let known = roles(dir, ledger.started.as_ref())?;
            if known.is_empty() || known.iter().any(|known| known == role) {
                return Ok(());
            }
            Err(Failure::new(Exit::Refused, format!("the playbook has no role `{role}`"))
                .help(format!("its roles are {}", known.join(", "))))
        }
    }
}

/// The roles of a run's playbook. `started` is the first record of its journal.
///
/// # Errors
/// The playbook cannot be read, or is not the one that the run began with.
pub(crate) fn roles(dir: &RunDir, started: Option<&Record>) -> Result<Vec<String>, Failure> {
    let declared = playbook::parse(&whose::document(dir, started)?.text).0;
    Ok(declared.map(|playbook| playbook.roles.keys().cloned().collect()).unwrap_or_default())
}

/// Read while another process may be writing: a line that is not whole yet is left out.
fn folded(context: &Context, dir: &RunDir) -> Result<Ledger, Failure> {
    if is_administrator_of(dir) {
        // Whose key signed it cannot be told without that key; the answer is bound to the plan and the question.
        return waiting(dir, Ledger::read(&dir.journal())?);
    }
    let Looked { ledger, signature, head, .. } = whose::look(context, dir)?;
    whose::followed(context, dir, &signature, &head)?;
    waiting(dir, ledger)
}

/// # Errors
/// The run is over.
fn waiting(dir: &RunDir, ledger: Ledger) -> Result<Ledger, Failure> {
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
