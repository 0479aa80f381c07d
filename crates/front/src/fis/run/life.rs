//! The life of one action: initiating, running, then completed, stopped or failed, with its effect put back.

use std::time::Duration;

use super::running::Running;
use crate::fis::effects::{self, Ended, Trouble};
use crate::fis::model::{ActionState, ActionStatus};

/// Tries to undo, and AWS's time between them.
const TRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(10);

/// Runs the action from where it is. `Err` when it failed.
pub(super) async fn live(running: &Running) -> Result<(), Trouble> {
    match running.status {
        ActionStatus::Pending => begin(running).await,
        ActionStatus::Running => match effects::renew(&running.step).await {
            Ok(()) => go_on(running, None).await,
            Err(trouble) => fail(running, trouble).await,
        },
        ActionStatus::Stopping => end(running, Ended::Halted, None).await,
        // The front was killed while the effect was made: nobody knows how far it got.
        ActionStatus::Initiating => {
            if running.step.is_halted() {
                return end(running, Ended::Halted, None).await;
            }
            if effects::can_begin_again(running.step.kind) && undo(running).await.is_ok() {
                return begin(running).await;
            }
            let why = "The lab was restarted while the action began.";
            fail(running, Trouble::new("InternalFailure", why)).await
        }
        _ => Ok(()),
    }
}

async fn begin(running: &Running) -> Result<(), Trouble> {
    running.set(ActionState::new(ActionStatus::Initiating, "Action is initiating."));
    running.step.front.store().save().await;
    match effects::begin(&running.step).await {
        Ok(begun) => {
            if let Some(span) = begun.lasts {
                running.last(span);
            }
            let reason = begun.note.unwrap_or("Action is running.");
            running.set(ActionState::new(ActionStatus::Running, reason));
            running.step.front.store().save().await;
            go_on(running, begun.note).await
        }
        Err(trouble) => fail(running, trouble).await,
    }
}

async fn go_on(running: &Running, note: Option<&'static str>) -> Result<(), Trouble> {
    match effects::go_on(&running.step).await {
        Ok(ended) => end(running, ended, note).await,
        Err(trouble) => fail(running, trouble).await,
    }
}

async fn end(running: &Running, ended: Ended, note: Option<&'static str>) -> Result<(), Trouble> {
    let (status, reason) = match ended {
        Ended::Done => (ActionStatus::Completed, note.unwrap_or("Action was completed.")),
        Ended::Halted => {
            running.set(ActionState::new(ActionStatus::Stopping, "Action is stopping."));
            running.step.front.store().save().await;
            (ActionStatus::Stopped, "Action was stopped.")
        }
    };
    if ended == Ended::Done && !effects::is_undone_at_end(running.step.kind) {
        running.step.journaled().iter().for_each(|undo| running.step.forget(undo));
    }
    match undo(running).await {
        Ok(()) => {
            running.set(ActionState::new(status, reason));
            Ok(())
        }
        Err(trouble) => {
            running.set(ActionState::new(ActionStatus::Failed, trouble.reason.clone()));
            Err(trouble)
        }
    }
}

async fn fail(running: &Running, mut trouble: Trouble) -> Result<(), Trouble> {
    if let Err(more) = undo(running).await {
        trouble.reason = format!("{} Putting back failed: {}", trouble.reason, more.reason);
    }
    running.set(ActionState::new(ActionStatus::Failed, trouble.reason.clone()));
    Err(trouble)
}

/// Puts everything back that the journal holds, last first. What cannot be put back stays in the journal.
pub(super) async fn undo(running: &Running) -> Result<(), Trouble> {
    let mut first = None;
    for undo in running.step.journaled().iter().rev() {
        let mut result = effects::undo(&running.step, undo).await;
        for _ in 1..TRIES {
            // The others are nothing that another try would change.
            let is_passing = |trouble: &Trouble| trouble.code == "DependentServiceFailure";
            if !result.as_ref().is_err_and(is_passing) {
                break;
            }
            running.step.front.sleep(BETWEEN).await;
            result = effects::undo(&running.step, undo).await;
        }
        match result {
            Err(trouble) if trouble.code == "DependentServiceFailure" => {
                first.get_or_insert(trouble);
            }
            result => {
                running.step.forget(undo);
                if let Err(trouble) = result {
                    first.get_or_insert(trouble);
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}
