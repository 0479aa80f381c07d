//! What ends experiments at once: one of them, or all of the account and Region. Owns the two calls.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiment.html>,
//! <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>

use std::time::Duration;

use aws_sdk_fis::types;
use tokio::time::{Instant, sleep};

use super::{LEVER, get, permissions::*};
use crate::aws::kit::*;

/// What ending them all at once needs, on the experiments of any drill.
pub const HALTS: &[Permission] = &[
    LIST_EXPERIMENTS,
    GET_EXPERIMENT,
    STOP_EXPERIMENT,
    UPDATE_SAFETY_LEVER_STATE,
    GET_SAFETY_LEVER,
];

/// So long it is looked whether the safety lever is engaged.
const LOOKS: Duration = Duration::from_secs(10);

/// Asks an experiment to stop; its actions end and give back what they took. True when it was
/// asked, false when it was over already.
///
/// # Errors
/// There is no such experiment, or it may not be stopped.
pub async fn stop_experiment(aws: &Aws, id: &str) -> Result<bool, CallError> {
    let call = aws.fis().stop_experiment().id(id).send().await.map(drop);
    match call.by(STOP_EXPERIMENT) {
        Ok(()) => Ok(true),
        // One that has ended cannot be stopped any more.
        Err(e) if e.class == Class::Invalid => {
            let now = get(aws, id).await?;
            if now.is_over() || now.status == "stopping" { Ok(false) } else { Err(e) }
        }
        Err(e) => Err(e),
    }
}

/// Engages the safety lever: every experiment of the account and Region stops, and none starts
/// until somebody disengages it. One that is engaged, or about to be, cannot be moved and need not be.
/// FIS stops what runs before the lever is engaged; whether it is by now is read back for some seconds, and not longer:
/// other things wait to be given back.
/// <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>
///
/// # Errors
/// The lever cannot be moved, or was moved and nobody may see where it is.
pub async fn engage_safety_lever(aws: &Aws, reason: &str) -> Result<Lever, CallError> {
    let state = types::UpdateSafetyLeverStateInput::builder()
        .status(types::SafetyLeverStatusInput::Engaged)
        .reason(reason)
        .build()
        .map_err(|e| UPDATE_SAFETY_LEVER_STATE.invalid(e.to_string()))?;
    let call = aws.fis().update_safety_lever_state().id(LEVER).state(state).send().await;
    let refused = call.map(drop).by(UPDATE_SAFETY_LEVER_STATE).err();
    let (started, patience) = (Instant::now(), aws.patience());
    let most = LOOKS.min(patience.deadline);
    let mut pause = patience.first;
    loop {
        let now = aws.fis().get_safety_lever().id(LEVER).send().await.by(GET_SAFETY_LEVER);
        let status = match (now, &refused) {
            (Ok(now), _) => now.safety_lever.and_then(|lever| lever.state?.status),
            (Err(_), Some(_)) => None,
            (Err(e), None) => {
                let message = format!(
                    "FIS was asked to engage the safety lever, and whether it did cannot be read: {}",
                    e.message
                );
                return Err(CallError { message, ..e });
            }
        };
        match (status, &refused) {
            (Some(types::SafetyLeverStatus::Engaged), _) => return Ok(Lever::Engaged),
            (Some(types::SafetyLeverStatus::Engaging), _) => {}
            (_, Some(refused)) => return Err(refused.clone()),
            // A read may be late.
            (_, None) if started.elapsed() + pause <= most => {}
            (status, None) => {
                let status = status.map_or("not known".to_owned(), |one| one.as_str().to_owned());
                return Err(GET_SAFETY_LEVER.invalid(format!(
                    "FIS took the request to engage the safety lever, which still is {status}"
                )));
            }
        }
        if started.elapsed() + pause > most {
            return Ok(Lever::Engaging);
        }
        sleep(pause).await;
        pause = (pause * 2).min(patience.longest);
    }
}

/// Where the safety lever is, as read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    /// No experiment runs, and none can start.
    Engaged,
    /// FIS still stops what runs.
    Engaging,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::Patience,
    };

    /// What FIS says, to somebody who does not wait for long.
    fn hasty(replay: &Replay) -> Aws {
        let ms = Duration::from_millis;
        let patience =
            Patience { first: ms(1), longest: ms(5), deadline: ms(50), ..Patience::default() };
        aws(replay).with_patience(patience)
    }

    const OVER: &str = r#"{"message":"The experiment is not in a state that can be stopped."}"#;

    fn state(status: &str) -> String {
        format!(r#"{{"experiment":{{"id":"EXP1","state":{{"status":"{status}"}}}}}}"#)
    }

    #[tokio::test]
    async fn an_experiment_that_is_over_needs_no_stop() {
        let refused = Replay::default().answer(
            "DELETE /experiments/EXP1",
            400,
            &OVER.replacen('{', r#"{"__type":"ValidationException","#, 1),
        );
        let over = refused.clone().answer("GET /experiments/EXP1", 200, &state("completed"));
        assert_eq!(stop_experiment(&aws(&over), "EXP1").await, Ok(false));
    }

    #[tokio::test]
    async fn an_experiment_that_will_not_stop_is_an_error() {
        let refused = Replay::default()
            .answer(
                "DELETE /experiments/EXP1",
                400,
                r#"{"__type":"ValidationException","message":"no"}"#,
            )
            .answer("GET /experiments/EXP1", 200, &state("running"));
        assert!(stop_experiment(&aws(&refused), "EXP1").await.is_err());
    }

    const ENGAGING: &str =
        r#"{"__type":"ConflictException","message":"The safety lever is engaging."}"#;

    /// What the lever is, look by look.
    fn lever(moved: (u16, &str), looks: &[&str]) -> Replay {
        let mut replay =
            Replay::default().answer("PATCH /safetyLevers/default/state", moved.0, moved.1);
        for status in looks {
            let state =
                format!(r#"{{"safetyLever":{{"id":"default","state":{{"status":"{status}"}}}}}}"#);
            replay = replay.answer("GET /safetyLevers/default", 200, &state);
        }
        replay
    }

    #[tokio::test]
    async fn a_lever_that_is_about_to_be_engaged_need_not_be_moved() {
        for looks in [&["engaging", "engaged"][..], &["engaged"]] {
            let replay = lever((409, ENGAGING), looks);
            let moved = engage_safety_lever(&hasty(&replay), "an incident").await;
            assert_eq!(moved, Ok(Lever::Engaged));
        }
        let replay = lever((409, ENGAGING), &["disengaged"]);
        assert!(engage_safety_lever(&hasty(&replay), "an incident").await.is_err());
    }

    /// The answer to the request says nothing of what still runs.
    #[tokio::test]
    async fn a_lever_is_engaged_when_it_was_read_so() {
        let late = lever((200, "{}"), &["disengaged", "engaging", "engaged"]);
        assert_eq!(engage_safety_lever(&hasty(&late), "x").await, Ok(Lever::Engaged));
        let slow = lever((200, "{}"), &["engaging"]);
        assert_eq!(engage_safety_lever(&hasty(&slow), "x").await, Ok(Lever::Engaging));
        let never = lever((200, "{}"), &["disengaged"]);
        let error = engage_safety_lever(&hasty(&never), "x").await.expect_err("it is not");
        assert!(error.message.contains("still is disengaged"), "{error}");
        let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let unseen = lever((200, "{}"), &[]).answer("GET /safetyLevers/default", 403, denied);
        let error = engage_safety_lever(&hasty(&unseen), "x").await.expect_err("nobody saw it");
        assert!(error.message.contains("cannot be read"), "{error}");
    }

    #[tokio::test]
    async fn the_lever_is_engaged_with_its_reason() {
        let replay = lever((200, "{}"), &["engaged"]);
        engage_safety_lever(&hasty(&replay), "a real incident").await.expect("engaged");
        let body = &replay.seen()[0].body;
        assert!(body.contains("engaged") && body.contains("a real incident"), "{body}");
    }
}
