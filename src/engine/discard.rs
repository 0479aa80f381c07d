//! Removes what an operation left: part of a drill's release. Owns how a start whose answer was
//! never known is settled here, and the records around it.

use serde_json::{Value, json};

use crate::journal::{KeptOperation, Place, Record, Released};

use super::{
    AnyOperation, CallError, Class, Reach, Run, StepError, Token, World,
    step::{find, token},
};

/// # Errors
/// The journal cannot be written. All else is in the outcome.
pub(super) async fn discard<C: World>(
    run: &Run<C>,
    step: &str,
    place: &Place,
    kept: &KeptOperation,
) -> Result<Released, StepError> {
    if kept.is_given_back() {
        return Ok(Released::AlreadyBefore);
    }
    let known = run.journal.redactor().reveal_or_show(kept.operation.clone());
    let operation = match run.registry.operation(&place.kind, &known) {
        Ok(operation) => operation,
        Err(error) => {
            let error = format!("{error}; it may have left {}", left(kept, kept.job.as_deref()));
            return Ok(Released::Failed { error });
        }
    };
    // Nothing in the account says that the run was a drill: what an incident kept as evidence would look the same.
    if kept.claimed && operation.reach() != Reach::Looks {
        let left = left(kept, kept.job.as_deref());
        let what = format!(
            "{left}: only another user's journal says that it is a drill's; if it is, remove it by hand"
        );
        return Ok(Released::Retained { what, costs: true });
    }
    let world = run.world.in_region(&kept.scope.region);
    let job = match &kept.job {
        Some(job) => Some(job.clone()),
        None => match look(run, step, place, kept, &*operation, &world).await? {
            Ok(job) => job,
            Err(e) => {
                let error = format!("whether it left {} cannot be told: {e}", kept.leaves);
                return Ok(Released::Failed { error });
            }
        },
    };
    let jobs: Vec<_> = job.iter().chain(&kept.failed_jobs).collect();
    if jobs.is_empty() {
        return Ok(Released::AlreadyBefore);
    }
    run.append(Record::ReleaseIntent {
        step: step.into(),
        place: place.clone(),
        from: json!(jobs),
        to: Value::Null,
    })
    .await?;
    let (mut errors, mut stays) = (Vec::new(), false);
    for job in jobs {
        match operation.discard(&world, job).await {
            Ok(gone) => stays |= !gone,
            // Someone else has removed it.
            Err(e) if e.class == Class::Gone => {}
            Err(e) => errors.push(e.to_string()),
        }
    }
    Ok(match (errors.is_empty(), stays) {
        (false, _) => Released::Failed { error: errors.join("; ") },
        (true, true) => {
            Released::Retained { what: left(kept, job.as_deref()), costs: operation.costs() }
        }
        (true, false) => Released::GivenBack,
    })
}

/// The job of a start that got no answer. Journaled like the answer: once its leavings begin to go,
/// it may no longer be found by its token.
async fn look<C: World>(
    run: &Run<C>,
    step: &str,
    place: &Place,
    kept: &KeptOperation,
    operation: &dyn AnyOperation<C>,
    world: &C,
) -> Result<Result<Option<String>, CallError>, StepError> {
    let token = match kept.failed {
        0 => Token { run: run.id.clone(), step: step.into(), id: kept.token.clone() },
        failed => token(&run.id, step, place, failed),
    };
    let found = find(world, || operation.find(world, &token)).await;
    if let Ok(Some(job)) = &found {
        let (step, place, job) = (step.into(), place.clone(), job.clone());
        run.append(Record::OperationStarted { step, place, job }).await?;
    }
    Ok(found)
}

fn left(kept: &KeptOperation, job: Option<&str>) -> String {
    match job {
        Some(job) => format!("{}: {job}", kept.leaves),
        None => kept.leaves.clone(),
    }
}
