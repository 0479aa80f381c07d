//! Check the state of an alarm.
//!
//! Fails the step when it is not so within the given time. In a plan the state is read and held against
//! nothing.
//!
//! ```yaml
//! quiet:
//!   uses: cloudwatch.check-alarm
//!   with:
//!     alarm: ${{ steps.host-down.alarm }}
//!     state: OK
//!     within: 5m
//! ```

use crate::{
    actions::{kit::*, until::until},
    aws::cloudwatch::AlarmState,
    playbook::types::Duration,
};

/// Inputs of `cloudwatch.check-alarm`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckAlarm {
    /// Name or ARN of a metric alarm.
    pub alarm: String,
    /// What it should be.
    pub state: State,
    /// How long it may take; at once when left out.
    #[serde(default)]
    pub within: Option<Duration>,
}

/// CloudWatch's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum State {
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "ALARM")]
    Alarm,
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// Outputs of `cloudwatch.check-alarm`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

impl Action for CheckAlarm {
    const SPEC: Spec = spec! {
        "cloudwatch.check-alarm": "Check the state of an alarm";
        Verify;
        uses [fact AlarmState];
    };
    type Output = Checked;

    async fn run(&self, step: &Step<Aws>) -> Result<Checked, StepError> {
        let name = self.alarm.split_once(":alarm:").map_or(self.alarm.as_str(), |(_, name)| name);
        let within = self.within.as_ref().map(Duration::as_std).unwrap_or_default();
        let (alarm, want) = (AlarmState { alarm: name.into() }, self.state.as_str());
        let why = format!("alarm `{name}` should be `{want}`");
        let now = until(step, &alarm, within, &why, |now| now.state == want).await?;
        if now.state == want || step.planning() {
            return Ok(Checked { state: now.state });
        }
        let reason = if now.reason.is_empty() { "CloudWatch gives no reason" } else { &now.reason };
        Err(StepError::Failed(format!(
            "alarm `{name}` should be `{want}`, but it is `{}`: {reason}",
            now.state
        )))
    }
}
