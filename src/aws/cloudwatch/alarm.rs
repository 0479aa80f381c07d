//! An alarm on one metric that a run makes for itself: absent, or there. Owns how it is made, known by
//! the tags of its creating call, and removed.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricAlarm, Statistic, Tag};

use super::permissions::*;
use crate::aws::{
    kit::*,
    owned::{Made, RUN_TAG, STEP_TAG, not_ours},
};

setting! {
    pub struct Alarm {
        pub name: String,
        pub run: String,
        pub step: String,
        pub watched: Watched,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the alarm's ARN.
    "cloudwatch.alarm" = Option<Made>, target "{name}";
    reads [DESCRIBE_ALARMS, LIST_TAGS_FOR_RESOURCE];
    writes [PUT_METRIC_ALARM, TAG_RESOURCE, DELETE_ALARMS];
    releases [DELETE_ALARMS];
    release Removed Scaffolding;
    makes;
}

/// What an alarm looks at. Words are CloudWatch's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Watched {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, `Sum` and the like.
    pub statistic: String,
    /// Seconds.
    pub period: i32,
    pub threshold: f64,
    /// `GreaterThanThreshold` and the like.
    pub comparison: String,
    pub evaluation_periods: i32,
    /// `breaching`, `notBreaching`, `ignore` or `missing`.
    pub missing_data: String,
    /// ARNs that are notified when it goes into ALARM.
    pub actions: Vec<String>,
}

/// A metric alarm by its name.
pub(crate) async fn describe(aws: &Aws, name: &str) -> Result<Option<MetricAlarm>, CallError> {
    let call = aws.cloudwatch().describe_alarms().alarm_names(name).send().await;
    let found = call.by(DESCRIBE_ALARMS)?.metric_alarms.unwrap_or_default();
    Ok(found.into_iter().find(|alarm| alarm.alarm_name() == Some(name)))
}

impl Alarm {
    /// ARN of the alarm, when it is this run's.
    async fn find(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let Some(alarm) = describe(aws, &self.name).await? else { return Ok(None) };
        let arn = alarm.alarm_arn.unwrap_or_default();
        let call = aws.cloudwatch().list_tags_for_resource().resource_arn(&arn).send().await;
        let found = call.by(LIST_TAGS_FOR_RESOURCE).absent_if_gone()?;
        let tags = found.and_then(|found| found.tags).unwrap_or_default();
        let ours = |tag: &Tag| tag.key() == Some(RUN_TAG) && tag.value() == Some(&self.run);
        match tags.iter().any(ours) {
            true => Ok(Some(arn)),
            false => Err(not_ours(DESCRIBE_ALARMS.action, &format!("alarm `{}`", self.name))),
        }
    }

    async fn put(&self, aws: &Aws) -> Result<(), CallError> {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let own = self.tags.iter().map(|(key, value)| tag(key, value));
        let tags = own.chain([tag(RUN_TAG, &self.run), tag(STEP_TAG, &self.step)]);
        let watched = &self.watched;
        let dimensions = watched.dimensions.iter();
        let dimensions =
            dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let call = aws
            .cloudwatch()
            .put_metric_alarm()
            .alarm_name(&self.name)
            .alarm_description("Made by a backburn run; its release takes it away")
            .namespace(&watched.namespace)
            .metric_name(&watched.metric)
            .set_dimensions(Some(dimensions.collect()))
            .statistic(Statistic::from(watched.statistic.as_str()))
            .period(watched.period)
            .threshold(watched.threshold)
            .comparison_operator(ComparisonOperator::from(watched.comparison.as_str()))
            .evaluation_periods(watched.evaluation_periods)
            .treat_missing_data(&watched.missing_data)
            .actions_enabled(true)
            .set_alarm_actions(Some(watched.actions.clone()))
            .set_tags(Some(tags.collect()));
        call.send().await.map(drop).by(PUT_METRIC_ALARM)
    }
}

impl Fact<Aws> for Alarm {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        // One call makes all of it.
        Ok(self.find(aws).await?.and_then(|arn| Made::found(arn, true)))
    }
}

impl Setting<Aws> for Alarm {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.find(aws).await?.is_some();
        match value {
            Some(_) => self.put(aws).await,
            None if there => {
                let call = aws.cloudwatch().delete_alarms().alarm_names(&self.name).send().await;
                call.by(DELETE_ALARMS).done_if_gone()
            }
            None => Ok(()),
        }
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }
}
