//! States of CloudWatch alarms, for stop conditions and `aws:cloudwatch:assert-alarm-state`.

use indexmap::IndexMap;
use serde_json::json;

use super::{Step, Trouble};
use crate::AwsError;
use crate::fis::catalogue::list;
use crate::fis::validate::alarm;
use crate::upstream::Session;

/// State of each alarm, by ARN; those that do not exist are not there.
pub(crate) async fn states(
    session: &Session,
    arns: &[&str],
) -> Result<IndexMap<String, String>, AwsError> {
    let mut states = IndexMap::new();
    for arn in arns {
        let Some((region, name)) = alarm(arn) else { continue };
        let params = json!({
            "AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
        });
        let answer =
            session.in_region(region).query("monitoring", "DescribeAlarms", params).await?;
        let result = "DescribeAlarmsResult";
        let kinds = ["MetricAlarms", "CompositeAlarms"];
        let alarms = kinds.iter().flat_map(|kind| answer.all(&format!("{result}/{kind}/member")));
        for found in alarms.filter(|found| found.text("AlarmName") == name) {
            states.insert((*arn).to_owned(), found.text("StateValue").to_owned());
        }
    }
    Ok(states)
}

/// Fails unless every alarm is in one of the states.
pub(super) async fn check(step: &Step) -> Result<(), Trouble> {
    let arns: Vec<&str> = list(step.parameter("alarmArns").unwrap_or_default()).collect();
    let wanted: Vec<&str> = list(step.parameter("alarmStates").unwrap_or_default()).collect();
    let states = states(step.own_session(), &arns).await?;
    for arn in arns {
        match states.get(arn) {
            Some(state) if wanted.contains(&state.as_str()) => {}
            Some(state) => {
                return Err(Trouble::configuration(format!(
                    "Alarm {arn} is in state {state}; expected {}.",
                    wanted.join(" or ")
                )));
            }
            None => return Err(Trouble::invalid_target(format!("Alarm {arn} not found."))),
        }
    }
    Ok(())
}
