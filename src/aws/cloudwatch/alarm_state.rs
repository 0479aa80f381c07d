//! The state of an alarm. Owns that read.

use super::{describe, permissions::*};
use crate::aws::kit::*;

fact! {
    /// State of a metric alarm, by its name. `Class::Gone` when there is none.
    pub struct AlarmState {
        pub alarm: String,
    }
    "cloudwatch.alarm-state" = AlarmIs, target "{alarm}";
    reads [DESCRIBE_ALARMS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmIs {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's own words.
    pub reason: String,
}

impl Fact<Aws> for AlarmState {
    async fn read(&self, aws: &Aws) -> Result<AlarmIs, CallError> {
        let found = describe(aws, &self.alarm).await?;
        let alarm = found.ok_or_else(|| {
            let text = format!("there is no metric alarm `{}`", self.alarm);
            CallError::local("cloudwatch:DescribeAlarms", Class::Gone, text)
        })?;
        let state = alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default();
        Ok(AlarmIs { state, reason: alarm.state_reason.unwrap_or_default() })
    }
}
