//! What ends experiments at once: one of them, or all of the account and Region. Owns the two calls.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiment.html>,
//! <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>

use aws_sdk_fis::types;

use super::{LEVER, get, permissions::*};
use crate::aws::kit::*;

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
/// until somebody disengages it.
///
/// # Errors
/// The lever cannot be moved.
pub async fn engage_safety_lever(aws: &Aws, reason: &str) -> Result<(), CallError> {
    let state = types::UpdateSafetyLeverStateInput::builder()
        .status(types::SafetyLeverStatusInput::Engaged)
        .reason(reason)
        .build()
        .map_err(|e| UPDATE_SAFETY_LEVER_STATE.invalid(e.to_string()))?;
    let call = aws.fis().update_safety_lever_state().id(LEVER).state(state).send().await;
    call.map(drop).by(UPDATE_SAFETY_LEVER_STATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

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

    #[tokio::test]
    async fn the_lever_is_engaged_with_its_reason() {
        let replay = Replay::default().answer("PATCH /safetyLevers/default/state", 200, "{}");
        engage_safety_lever(&aws(&replay), "a real incident").await.expect("engaged");
        let body = &replay.seen()[0].body;
        assert!(body.contains("engaged") && body.contains("a real incident"), "{body}");
    }
}
