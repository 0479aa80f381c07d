//! Deletes a recovery point and waits until it is gone. AWS Backup answers 200 and deletes later, as the role that
//! made the point: without that role, or its permissions, the point turns `EXPIRED` and stays, and is billed.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteRecoveryPoint.html>,
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html>

use std::time::Duration;

use aws_sdk_backup::types::RecoveryPointStatus;
use tokio::time::{Instant, sleep};

use super::permissions::*;
use crate::aws::kit::*;

/// Deleting a recovery point takes a while.
pub(super) const DELETES: Duration = Duration::from_mins(10);

/// A point may have expired before, and reads so for a moment after a deletion that AWS has taken up.
const EXPIRED_LOOKS: u32 = 3;

/// # Errors
/// It is still there: expired, locked, or not gone within [`DELETES`].
pub(super) async fn delete(aws: &Aws, vault: &str, arn: &str) -> Result<(), CallError> {
    let (started, pause) = (Instant::now(), aws.patience().poll);
    let mut expired = 0;
    loop {
        let call = aws.backup().delete_recovery_point().backup_vault_name(vault);
        let call = call.recovery_point_arn(arn).send().await;
        let refused = match call.by(DELETE_RECOVERY_POINT) {
            Ok(_) => None,
            Err(e) if e.class == Class::Gone => return Ok(()),
            Err(e) if matches!(e.class, Class::Denied | Class::Unreachable | Class::Expired) => {
                return Err(e);
            }
            // On its way already, or still being restored.
            Err(e) => Some(e),
        };
        let call = aws.backup().describe_recovery_point().backup_vault_name(vault);
        let call = call.recovery_point_arn(arn).send().await;
        let Some(now) = call.by(DESCRIBE_RECOVERY_POINT).absent_if_gone()? else { return Ok(()) };
        expired += u32::from(now.status() == Some(&RecoveryPointStatus::Expired));
        if expired >= EXPIRED_LOOKS {
            let role = now.iam_role_arn().unwrap_or("that made it");
            let text = format!(
                "recovery point `{arn}` in vault `{vault}` is EXPIRED: AWS Backup could not delete it as role `{role}`; it is kept and billed. Give that role back with its permissions, then release again"
            );
            return Err(CallError::local(DESCRIBE_RECOVERY_POINT.action, Class::Denied, text));
        }
        if started.elapsed() > DELETES {
            return Err(refused.unwrap_or_else(|| {
                let status = now.status().map_or("unknown", RecoveryPointStatus::as_str);
                let minutes = DELETES.as_secs() / 60;
                let text = format!(
                    "recovery point `{arn}` in vault `{vault}` is still there after {minutes} min, in state {status}"
                );
                CallError::local(DESCRIBE_RECOVERY_POINT.action, Class::Unknown, text)
            }));
        }
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    const POINT: &str = "arn:aws:ec2:us-east-1::snapshot/snap-1";
    const AT: &str =
        "/backup-vaults/v/recovery-points/arn%3Aaws%3Aec2%3Aus-east-1%3A%3Asnapshot%2Fsnap-1";

    fn looks(states: &[&str]) -> Replay {
        let role = "arn:aws:iam::123456789012:role/backup";
        let replay = Replay::default().answer(&format!("DELETE {AT}"), 200, "");
        states.iter().fold(replay, |replay, state| {
            let body = format!(r#"{{"Status":"{state}","IamRoleArn":"{role}"}}"#);
            replay.answer(&format!("GET {AT}"), 200, &body)
        })
    }

    async fn deleted(replay: Replay) -> Result<(), CallError> {
        let poll = Duration::from_millis(1);
        let patience = crate::engine::Patience { poll, ..Default::default() };
        delete(&aws(&replay).with_patience(patience), "v", POINT).await
    }

    fn then_gone(replay: Replay) -> Replay {
        let body = r#"{"Code":"ERROR_9601","Message":"none","Type":"User"}"#;
        let error = [("x-amzn-errortype", "ResourceNotFoundException")];
        replay.headed(&format!("GET {AT}"), 400, body, &error)
    }

    #[tokio::test]
    async fn it_is_waited_for() {
        assert_eq!(deleted(then_gone(looks(&["DELETING", "DELETING"]))).await, Ok(()));
    }

    #[tokio::test]
    async fn one_that_had_expired_before_may_go_yet() {
        assert_eq!(deleted(then_gone(looks(&["EXPIRED", "DELETING"]))).await, Ok(()));
    }

    /// The deletion is answered with 200 all the same.
    #[tokio::test]
    async fn without_its_role_it_stays_and_the_role_is_named() {
        let error = deleted(looks(&["DELETING", "EXPIRED"])).await.expect_err("it stays");
        assert_eq!(error.class, Class::Denied);
        for part in ["EXPIRED", "role/backup", "billed", "release again"] {
            assert!(error.message.contains(part), "{error}");
        }
    }
}
