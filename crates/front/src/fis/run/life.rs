//! The life of one action: initiating, running, then completed, stopped or failed, with its effect put back.

use std::time::Duration;

use super::Step;
use crate::fis::effects::{self, Ended, Trouble};
use crate::fis::model::{ActionState, ActionStatus};

/// Tries to undo, and AWS's time between them.
const TRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(10);

/// Runs the action from where it is. `Err` when it failed.
pub async fn live(step: &Step) -> Result<(), Trouble> {
    match step.action.state.status {
        ActionStatus::Pending => begin(step).await,
        ActionStatus::Running => match effects::renew(step).await {
            Ok(()) => go_on(step, None).await,
            Err(trouble) => fail(step, trouble).await,
        },
        ActionStatus::Stopping => end(step, Ended::Halted, None).await,
        // The front was killed while the effect was made: nobody knows how far it got.
        ActionStatus::Initiating => {
            if step.is_halted() {
                return end(step, Ended::Halted, None).await;
            }
            if effects::can_begin_again(step.kind) && undo(step).await.is_ok() {
                return begin(step).await;
            }
            let why = "The lab was restarted while the action began.";
            fail(step, Trouble::new("InternalFailure", why)).await
        }
        _ => Ok(()),
    }
}

async fn begin(step: &Step) -> Result<(), Trouble> {
    step.set(ActionState::new(ActionStatus::Initiating, "Action is initiating."));
    step.front.store().save().await;
    match effects::begin(step).await {
        Ok(begun) => {
            if let Some(span) = begun.lasts {
                step.last(span);
            }
            let reason = begun.note.unwrap_or("Action is running.");
            step.set(ActionState::new(ActionStatus::Running, reason));
            step.front.store().save().await;
            go_on(step, begun.note).await
        }
        Err(trouble) => fail(step, trouble).await,
    }
}

async fn go_on(step: &Step, note: Option<&'static str>) -> Result<(), Trouble> {
    match effects::go_on(step).await {
        Ok(ended) => end(step, ended, note).await,
        Err(trouble) => fail(step, trouble).await,
    }
}

async fn end(step: &Step, ended: Ended, note: Option<&'static str>) -> Result<(), Trouble> {
    let (status, reason) = match ended {
        Ended::Done => (ActionStatus::Completed, note.unwrap_or("Action was completed.")),
        Ended::Halted => {
            step.set(ActionState::new(ActionStatus::Stopping, "Action is stopping."));
            step.front.store().save().await;
            (ActionStatus::Stopped, "Action was stopped.")
        }
    };
    if ended == Ended::Done && !effects::is_undone_at_end(step.kind) {
        step.journaled().iter().for_each(|undo| step.forget(undo));
    }
    match undo(step).await {
        Ok(()) => {
            step.set(ActionState::new(status, reason));
            Ok(())
        }
        Err(trouble) => {
            step.set(ActionState::new(ActionStatus::Failed, trouble.reason.clone()));
            Err(trouble)
        }
    }
}

async fn fail(step: &Step, mut trouble: Trouble) -> Result<(), Trouble> {
    if let Err(more) = undo(step).await {
        trouble.reason = format!("{} Putting back failed: {}", trouble.reason, more.reason);
    }
    step.set(ActionState::new(ActionStatus::Failed, trouble.reason.clone()));
    Err(trouble)
}

/// Puts everything back that the journal holds, last first. What cannot be put back stays in the journal.
pub async fn undo(step: &Step) -> Result<(), Trouble> {
    let mut first = None;
    for undo in step.journaled().iter().rev() {
        let mut result = undo.run(step).await;
        for _ in 1..TRIES {
            // The others are nothing that another try would change.
            let is_passing = |trouble: &Trouble| trouble.code == "DependentServiceFailure";
            if !result.as_ref().is_err_and(is_passing) {
                break;
            }
            step.front.sleep(BETWEEN).await;
            result = undo.run(step).await;
        }
        match result {
            Err(trouble) if trouble.code == "DependentServiceFailure" => {
                first.get_or_insert(trouble);
            }
            result => {
                step.forget(undo);
                if let Err(trouble) = result {
                    first.get_or_insert(trouble);
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}
