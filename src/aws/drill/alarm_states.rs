//! The states of CloudWatch alarms, by name.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::AlarmType;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    pub struct AlarmStates {
        /// At most 100.
        pub names: Vec<String>,
    }
    // `OK`, `ALARM` or `INSUFFICIENT_DATA`; an alarm that is not there is not in it.
    "cloudwatch.alarm-states" = BTreeMap<String, String>, target "{}" of |it| it.names.join(",");
    reads [DESCRIBE_ALARMS];
}

impl Fact<Aws> for AlarmStates {
    async fn read(&self, aws: &Aws) -> Result<BTreeMap<String, String>, CallError> {
        if self.names.is_empty() {
            // Without names AWS would return all alarms.
            return Ok(BTreeMap::new());
        }
        let mut states = BTreeMap::new();
        let call = aws
            .cloudwatch()
            .describe_alarms()
            .set_alarm_names(Some(self.names.clone()))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm);
        let page = |token| call.clone().set_next_token(token).send();
        for page in Pages::new(DESCRIBE_ALARMS, page).all().await? {
            let metric = page.metric_alarms.into_iter().flatten();
            let metric = metric.map(|alarm| (alarm.alarm_name, alarm.state_value));
            let composite = page.composite_alarms.into_iter().flatten();
            let composite = composite.map(|alarm| (alarm.alarm_name, alarm.state_value));
            states.extend(metric.chain(composite).filter_map(|(name, state)| {
                let name = name.filter(|name| self.names.contains(name))?;
                Some((name, state?.as_str().to_owned()))
            }));
        }
        Ok(states)
    }
}
