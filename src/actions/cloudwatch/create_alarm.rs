//! Make an alarm on one metric for a drill: a detection, or a stop condition of an experiment.
//!
//! The alarm is named after run and step unless `name` says otherwise; one of that name that this run did
//! not make is never touched. A new alarm is `INSUFFICIENT_DATA` until its first evaluation: a stop
//! condition should be checked with `cloudwatch.check-alarm` before a fault.
//!
//! Release deletes the alarm.
//!
//! ```yaml
//! host-down:
//!   uses: cloudwatch.create-alarm
//!   with:
//!     namespace: AWS/EC2
//!     metric: StatusCheckFailed
//!     dimensions: { InstanceId: "${{ steps.host.instance }}" }
//!     statistic: Maximum
//!     period: 60
//!     threshold: 1
//!     comparison: GreaterThanOrEqualToThreshold
//!     missing-data: breaching
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>

use std::collections::BTreeMap;

use crate::{
    actions::{kit::*, naming},
    aws::{
        cloudwatch::{Alarm, Watched},
        owned::Made,
    },
    playbook::types::Arn,
};

/// Inputs of `cloudwatch.create-alarm`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateAlarm {
    /// At most 255 characters; `backburn-RUN-STEP` when left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Such as `AWS/EC2`.
    pub namespace: String,
    /// Name of the metric.
    pub metric: String,
    /// Values by name.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// How the values of a period become one.
    pub statistic: Statistic,
    /// Seconds: 10, 20, 30, or a multiple of 60.
    #[serde(default = "minute")]
    pub period: i32,
    /// What the metric is compared with.
    pub threshold: f64,
    /// When it alarms.
    pub comparison: Comparison,
    /// How many periods in a row must be over it.
    #[serde(default = "one")]
    pub evaluation_periods: i32,
    /// What a period without data counts as.
    #[serde(default)]
    pub missing_data: MissingData,
    /// ARNs to notify when it goes into `ALARM`.
    #[serde(default)]
    pub actions: Vec<Arn>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn minute() -> i32 {
    60
}

fn one() -> i32 {
    1
}

/// CloudWatch's own words.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

/// CloudWatch's own words.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[allow(clippy::enum_variant_names)]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

/// CloudWatch's own words.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    Breaching,
    NotBreaching,
    Ignore,
    #[default]
    Missing,
}

/// Outputs of `cloudwatch.create-alarm`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlarmMade {
    /// Name of the alarm.
    pub alarm: String,
    pub arn: String,
}

impl Action for CreateAlarm {
    const SPEC: Spec = spec! {
        "cloudwatch.create-alarm": "Make an alarm on one metric for a drill";
        Recover;
        uses [setting Alarm];
    };
    type Output = AlarmMade;

    async fn run(&self, step: &Step<Aws>) -> Result<AlarmMade, StepError> {
        naming::check_tags(&self.tags)?;
        if !(matches!(self.period, 10 | 20 | 30) || self.period > 0 && self.period % 60 == 0)
            || self.evaluation_periods < 1
        {
            return Err(StepError::Refused(format!(
                "`period` is {} and `evaluation-periods` {}; a period has 10, 20, 30 or a multiple of 60 seconds, and at least one is evaluated",
                self.period, self.evaluation_periods
            )));
        }
        let name = self.name.clone().unwrap_or_else(|| naming::own(step, 255));
        let alarm = Alarm {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            watched: Watched {
                namespace: self.namespace.clone(),
                metric: self.metric.clone(),
                dimensions: self.dimensions.clone(),
                statistic: word(&self.statistic),
                period: self.period,
                threshold: self.threshold,
                comparison: word(&self.comparison),
                evaluation_periods: self.evaluation_periods,
                missing_data: word(&self.missing_data),
                actions: self.actions.iter().map(ToString::to_string).collect(),
            },
            tags: self.tags.clone(),
        };
        let asked = json!({ "watched": alarm.watched, "tags": alarm.tags });
        let made = step.set(alarm, Made::wanted(asked)).await?;
        Ok(AlarmMade {
            alarm: naming::shown(step, &name),
            arn: Made::id_of(made.as_ref(), &format!("ARN of {name}")),
        })
    }
}

/// The word that a choice is written with.
fn word(choice: &impl Serialize) -> String {
    json!(choice).as_str().unwrap_or_default().into()
}
