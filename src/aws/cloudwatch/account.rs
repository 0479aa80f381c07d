//! The CloudWatch part of an account: metric alarms with what they watch and whom they tell, and their tags.
//! Not the state of an alarm, which CloudWatch sets by itself.

use aws_sdk_cloudwatch::{Client, types::MetricAlarm};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("cloudwatch.alarm", &[])],
    evidence: &[],
    // The front speaks the protocol that this client uses; the upstream may not.
    open: |lens| Box::new(Reader(Client::new(&lens.front))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut pages = self.0.describe_alarms().into_paginator().send();
            let mut all = Vec::new();
            while let Some(page) = pages.next().await {
                for one in page.map_err(why)?.metric_alarms.into_iter().flatten() {
                    let told = alarm(&self.0, &one).await?;
                    all.push((one.alarm_name, told));
                }
            }
            Ok(json!({ "alarms": by_id(all) }))
        })
    }
}

async fn alarm(cloudwatch: &Client, alarm: &MetricAlarm) -> Read {
    let call = cloudwatch.list_tags_for_resource().set_resource_arn(alarm.alarm_arn.clone());
    let tags = call.send().await.map_err(why)?.tags.unwrap_or_default();
    let tags: Value =
        tags.into_iter().filter_map(|tag| Some((tag.key?, json!(tag.value)))).collect();
    let dimensions = alarm.dimensions().iter().map(|one| json!([one.name(), one.value()]));
    Ok(json!({
        "namespace": alarm.namespace(), "metric": alarm.metric_name(),
        "dimensions": dimensions.collect::<Vec<_>>(),
        "statistic": alarm.statistic().map(aws_sdk_cloudwatch::types::Statistic::as_str), "period": alarm.period(),
        "threshold": alarm.threshold(), "evaluation-periods": alarm.evaluation_periods(),
        "comparison": alarm.comparison_operator().map(aws_sdk_cloudwatch::types::ComparisonOperator::as_str),
        "missing-data": alarm.treat_missing_data(), "description": alarm.alarm_description(),
        "enabled": alarm.actions_enabled(), "actions": alarm.alarm_actions(),
        "ok-actions": alarm.ok_actions(), "tags": tags,
    }))
}
