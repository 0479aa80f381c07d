//! `UpdateRecoveryPointLifecycle`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRecoveryPointLifecycle.html>. In a locked vault a
//! recovery point's retention can only become longer, and stays within the lock's bounds.

use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::refused;
use crate::backup::input::lifecycle;
use crate::backup::model::{Lifecycle, Point, kind};
use crate::backup::vaults;
use crate::{AwsError, Call};

pub(in crate::backup) fn update_lifecycle(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let point = find(desk, call)?;
    let wanted = lifecycle(call.params.get("Lifecycle"))?;
    if let Some(lock) = &vaults::find(desk, &point.vault)?.lock {
        if is_shorter(wanted.as_ref(), point.lifecycle.as_ref()) {
            return Err(refused(
                "Retention cannot be shortened (Backup vault configured with Lock)",
            ));
        }
        if let Some(why) = lock.refuses(wanted.as_ref()) {
            return Err(refused(why));
        }
    }
    desk.update(kind::POINT, &point.arn, |point: &mut Point| point.lifecycle.clone_from(&wanted));
    Ok(json!({
        "BackupVaultArn": point.vault_arn(desk.at()),
        "RecoveryPointArn": point.arn,
        "Lifecycle": wanted.as_ref().map(Lifecycle::view),
        "CalculatedLifecycle": wanted.as_ref().map(|lifecycle| lifecycle.calculated(point.created)),
    }))
}

fn is_shorter(wanted: Option<&Lifecycle>, now: Option<&Lifecycle>) -> bool {
    let days = |lifecycle: Option<&Lifecycle>| {
        lifecycle.and_then(Lifecycle::retention).unwrap_or(i64::MAX)
    };
    days(wanted) < days(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_ever_is_longest() {
        let days = |days| Some(Lifecycle { delete_after_days: Some(days), ..Lifecycle::default() });
        assert!(is_shorter(days(7).as_ref(), None));
        assert!(is_shorter(days(7).as_ref(), days(8).as_ref()));
        assert!(!is_shorter(days(8).as_ref(), days(8).as_ref()));
        assert!(!is_shorter(None, days(8).as_ref()));
        assert!(!is_shorter(days(-1).as_ref(), None));
    }
}
