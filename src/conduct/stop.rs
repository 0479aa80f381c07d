//! Stops a run: asks the process that works on it, waits until it has, and ends the run for good.

use std::time::Duration;

use crate::{
    engine::{LeftOpen, plan::Expected},
    journal::{Ledger, RunDir, RunDirError},
};

use super::{
    Approvals, Context, Exit, Failure,
    identity::seen,
    reconnect::{known, reconnect},
    start::Start,
    stopping::Doing,
    whose,
};

/// Asks a live run to stop and waits until no process works on it any more.
///
/// # Errors
/// It is still worked on after `wait`.
pub(super) async fn stop_live(
    context: &Context,
    dir: &RunDir,
    wait: Duration,
) -> Result<(), Failure> {
    const STEP: Duration = Duration::from_millis(200);
    let mut left = wait;
    let mut said = false;
    while let Err(error @ RunDirError::Locked { .. }) = dir.lock() {
        let request = dir.stop_request();
        if !request.exists() {
            dir.ask_to_stop()?;
        }
        if !std::mem::replace(&mut said, true) {
            context.say(&format!(
                "run {} is live: asked it to stop, waiting for its running calls",
                dir.id()
            ));
        }
        if left.is_zero() {
            return Err(error.into());
        }
        tokio::time::sleep(STEP).await;
        left = left.saturating_sub(STEP);
    }
    Ok(())
}

/// A run that was ended for good.
pub struct Aborted {
    /// The directory of the run.
    pub dir: RunDir,
    /// What was done until then.
    pub ledger: Ledger,
    /// What should not have stayed open and could not be closed.
    pub left: Vec<LeftOpen>,
}

/// Stops a run for good, by its id, a unique prefix of it, or `last`: exposed states are closed, and
/// it can only be released. `reason` is journaled; nobody is asked for one, since a run that has to stop must
/// not wait for somebody who types.
///
/// # Errors
/// It is still worked on after `wait`, was aborted or released before, or its account cannot be
/// reached.
pub async fn abort(
    context: &Context,
    asked: &str,
    wait: Duration,
    inputs: &[(String, String)],
    reason: Option<&str>,
) -> Result<Aborted, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let id = dir.id().to_owned();
    whose::check(context, &dir)?;
    stop_live(context, &dir, wait).await?;
    let mut start = Start::of(context, &id)?;
    if start.ledger.aborted || start.ledger.released.is_some() {
        let what = if start.ledger.aborted { "aborted" } else { "released" };
        return Err(Failure::new(Exit::Refused, format!("run {id} was {what} before")));
    }
    let aws = reconnect(context, &start.dir, &start.ledger).await?.with_run(&id);
    let secrets = known(context, &aws, &dir, &start.ledger, inputs).await?;
    start.doing = Doing::Closing;
    let me = seen(&aws);
    let session =
        start.open(context, aws, secrets, Expected::default(), Approvals::default(), me.clone())?;
    let (ledger, left) = session.abort(me, reason.map(str::to_owned)).await?;
    Ok(Aborted { dir, ledger, left })
}
