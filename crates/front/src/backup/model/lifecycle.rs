//! How long a recovery point is kept. The dates are worked out and shown; nothing is moved or deleted when they come.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html>

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::maybe_time;
use crate::AwsError;
use crate::backup::error::invalid;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::backup) struct Lifecycle {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_to_cold_storage_after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_in_to_archive_for_supported_resources: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_after_event: Option<String>,
}

impl Lifecycle {
    /// Days until deletion; `None` keeps a recovery point for ever, as -1 does.
    pub(crate) fn retention(&self) -> Option<i64> {
        self.delete_after_days.filter(|days| *days != -1)
    }

    pub(crate) fn check(&self) -> Result<(), AwsError> {
        let (cold, delete) = (self.move_to_cold_storage_after_days, self.delete_after_days);
        for (name, days) in [("MoveToColdStorageAfterDays", cold), ("DeleteAfterDays", delete)] {
            if days.is_some_and(|days| days != -1 && !(1..=36_500).contains(&days)) {
                return Err(invalid(format!(
                    "Invalid lifecycle. {name} must be from 1 to 36500, or -1"
                )));
            }
        }
        if let (Some(cold), Some(delete)) = (cold.filter(|days| *days > 0), self.retention())
            && delete < cold + 90
        {
            return Err(invalid(
                "Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays",
            ));
        }
        Ok(())
    }

    /// `CalculatedLifecycle` of something made at `from`.
    pub(crate) fn calculated(&self, from: Timestamp) -> Value {
        let after = |days: Option<i64>| {
            let days = days.filter(|days| *days > 0)?;
            from.checked_add(SignedDuration::from_hours(24 * days)).ok()
        };
        json!({
            "MoveToColdStorageAt": maybe_time(after(self.move_to_cold_storage_after_days)),
            "DeleteAt": maybe_time(after(self.delete_after_days)),
        })
    }

    pub(crate) fn view(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(cold: Option<i64>, delete: Option<i64>) -> Lifecycle {
        Lifecycle {
            move_to_cold_storage_after_days: cold,
            delete_after_days: delete,
            ..Lifecycle::default()
        }
    }

    #[test]
    fn cold_storage_lasts_ninety_days() {
        assert!(days(Some(30), Some(119)).check().is_err());
        assert!(days(Some(30), Some(120)).check().is_ok());
        assert!(days(Some(30), Some(-1)).check().is_ok());
        assert!(days(None, Some(0)).check().is_err());
        assert!(days(None, Some(36_501)).check().is_err());
        assert!(days(None, None).check().is_ok());
    }

    #[test]
    fn the_date_of_deletion_is_worked_out() {
        let from: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let calculated = days(None, Some(7)).calculated(from);
        assert_eq!(calculated["DeleteAt"]["$time"], 1_767_830_400_000_i64);
        assert_eq!(calculated["MoveToColdStorageAt"], Value::Null);
        assert_eq!(days(None, Some(-1)).retention(), None);
    }
}
