//! The state of an alarm. Owns that read.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, cloudwatch::describe},
    engine::{CallError, Class, Fact, Permission, on},
};

/// State of a metric alarm, by its name. `Class::Gone` when there is none.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmState {
    pub alarm: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmIs {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's own words.
    pub reason: String,
}

impl Fact<Aws> for AlarmState {
    const KIND: &'static str = "cloudwatch.alarm-state";
    const READS: &'static [Permission] = &[on("cloudwatch:DescribeAlarms", "*")];
    type Value = AlarmIs;

    fn target(&self) -> String {
        self.alarm.clone()
    }

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
