//! Continues a run where its journal ends. Owns when that is refused.

use crate::{
    engine::plan::Expected,
    journal::{Record, RunDir, RunStatus},
    program::{bind::RunFactsOwned, planfile::PlanFile, prepare::sources_sha256},
};

use super::{
    Approvals, Context, Exit, Failure, Loaded, Ready, Sources,
    frozen::Frozen,
    operator,
    reconnect::{inputs, reconnect},
    start::Start,
};

/// Takes a run up again, by its id, a unique prefix of it, or `last`. `given` are its sensitive inputs,
/// which are kept nowhere.
///
/// # Errors
/// There is nothing to resume, the run's files were changed, or its account cannot be reached.
pub async fn resume(
    context: &Context,
    asked: &str,
    given: &[(String, String)],
    approved: Approvals,
) -> Result<Ready, Failure> {
    let start = Start::of(context, asked)?;
    let id = start.dir.id().to_owned();
    let refuse = |why: &str| Err(Failure::new(Exit::Refused, format!("run {id} {why}")));
    if start.ledger.aborted {
        return refuse("was aborted; it can only be released");
    }
    if let Some(complete) = start.ledger.released {
        return refuse(match complete {
            true => "was released; start a new run",
            false => "is being released; `backburn release` continues that",
        });
    }
    // A drill that has succeeded and was killed before it was given back still is to be.
    if start.ledger.status == Some(RunStatus::Succeeded) && start.ledger.drill().is_none() {
        return refuse("has succeeded; there is nothing to resume");
    }
    let frozen: Frozen = start.dir.read_json(RunDir::INPUTS)?;
    let plan: PlanFile = start.dir.read_json(RunDir::PLAN)?;
    let text = start.dir.read_text(RunDir::PLAYBOOK)?;
    if let Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) = &start.ledger.started
        && (sources_sha256(&text, &frozen.files) != *playbook_sha256
            || plan.sha256 != *plan_sha256
            || !plan.is_intact())
    {
        return refuse(
            "has a playbook or plan that was changed after it started; release it, or put the files back",
        );
    }
    let given = inputs(&frozen, given)?;
    let sources = Sources::Kept(&frozen.files);
    let Loaded { prepared, outline, .. } =
        Loaded::text(context, &frozen.name, text, sources, &given)?;
    let aws = reconnect(context, &start.ledger).await?.with_run(&id);
    let aws = aws.with_belts(start.belts(&prepared)?);
    let expected = Expected::of(plan.planned());
    let facts = RunFactsOwned { id, started: frozen.started };
    let session = start.open(context, aws, prepared.secrets(), expected, approved)?;
    session.append(Record::Resumed { operator: operator() }).await?;
    session.introduce(context);
    Ok(Ready { session, prepared, facts, outline })
}
