//! Continues a run where its journal ends. Owns when that is refused.

use serde_json::Value;

use crate::{
    aws::registry,
    engine::{foresee::given_back, is_exposed, plan::Expected},
    journal::{Record, RunDir, RunStatus, redact},
    program::{bind::RunFactsOwned, planfile::PlanFile},
    report::plan::plural,
};

use super::{
    Approvals, Context, Exit, Failure, Loaded, Ready, Sources, confided,
    identity::seen,
    operator,
    reconnect::{inputs, reconnect},
    start::Start,
    whose::{self, CHANGED},
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
    let mut start = Start::of(context, asked)?;
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
    let frozen = whose::inputs(&start.dir, &start.ledger)?;
    let plan: PlanFile = start.dir.read_json(RunDir::PLAN)?;
    let text = whose::document(&start.dir, start.ledger.started.as_ref())?.text;
    if let Some(Record::RunStarted { plan_sha256, .. }) = &start.ledger.started
        && (plan.sha256 != *plan_sha256 || !plan.is_intact())
    {
        return refuse(
            "has a plan that was changed after it started; release it, or put the file back",
        );
    }
    let is_sensitive = |name: &str| frozen.sensitive.iter().any(|one| one == name);
    if confided::is_in_account(is_sensitive, given) {
        let aws = reconnect(context, &start.dir, &start.ledger).await?;
        confided::fetch(context, &aws, is_sensitive, given).await?;
    }
    let given = inputs(&frozen, given)?;
    let sources = Sources::Kept(&frozen.files);
    let Loaded { prepared, outline, .. } =
        Loaded::text(context, &frozen.name, text, sources, &given)?;
    if let Some(commitment) = &plan.commitment
        && !commitment.fits(&prepared.sensitive_inputs())
    {
        let message = format!(
            "the sensitive inputs are not those that run {id} was started with; nothing was changed"
        );
        return Err(Failure::new(Exit::Drift, message)
            .help("give the same values again with `-i`, or start a new run with the others"));
    }
    // The plan's hash covers the inputs; the file that they are read from again lies beside it.
    let secrets = prepared.secrets();
    let as_planned = |name: &String, value: &Value| {
        plan.inputs.get(name) == Some(&redact(value.clone(), &secrets))
    };
    let clock = match &start.ledger.started {
        Some(Record::RunStarted { clock, .. }) => *clock,
        _ => None,
    };
    if prepared.inputs.len() != plan.inputs.len()
        || !prepared.inputs.iter().all(|(name, value)| as_planned(name, value))
        || clock.is_some_and(|clock| clock.to_string() != frozen.started)
    {
        return refuse(&format!("{CHANGED}; release it, or put the file back"));
    }
    let aws = reconnect(context, &start.dir, &start.ledger).await?.with_run(&id);
    let redactor = start.redactor(&prepared.hidden);
    start.ledger.reveal(&redactor);
    // What stands open is closed first, whoever gave the rest back.
    let back = match is_exposed(&start.ledger) {
        true => Vec::new(),
        false => given_back(&aws, &registry(), &start.ledger).await?,
    };
    if let Some(first) = back.first() {
        let all = plural(back.len(), "setting");
        return Err(Failure::new(
            Exit::Drift,
            format!("all that run {id} changed is as it was before it ({all}, such as {first}): somebody has given it back, perhaps from another copy of its directory; nothing was changed"),
        )
        .help(format!("a released run is final: `backburn release {id}` ends this copy too, and a new run contains again")));
    }
    let aws = aws.with_belts(start.belts(&prepared)?);
    let expected = Expected::of(plan.planned());
    let partition = aws.partition().to_owned();
    let facts = RunFactsOwned { id, started: frozen.started, partition };
    let me = seen(&aws);
    let resumed = Record::Resumed { operator: operator(), who: me.clone() };
    let session = start.open(context, aws, prepared.secrets(), expected, approved, me)?;
    session.append(resumed).await?;
    session.introduce(context);
    Ok(Ready { session, prepared, facts, outline })
}
