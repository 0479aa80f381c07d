//! Stop conditions: <https://docs.aws.amazon.com/fis/latest/userguide/stop-conditions.html>.

use super::STOP_CONDITIONS;
use crate::AwsError;
use crate::fis::model::StopCondition;

pub(crate) const ALARM: &str = "aws:cloudwatch:alarm";

pub(super) fn check(conditions: &[StopCondition]) -> Result<(), AwsError> {
    if conditions.is_empty() {
        return Err(AwsError::validation(
            "At least one stop condition is required. Use the source \"none\" for no stop condition.",
        ));
    }
    if conditions.len() > STOP_CONDITIONS {
        return Err(AwsError::quota(format!(
            "The template has {} stop conditions; the limit is {STOP_CONDITIONS}.",
            conditions.len()
        )));
    }
    let has_none = conditions.iter().any(|condition| condition.source == "none");
    if has_none && conditions.len() > 1 {
        return Err(AwsError::validation(
            "The stop condition source \"none\" cannot be combined with other stop conditions.",
        ));
    }
    conditions.iter().try_for_each(one)
}

fn one(condition: &StopCondition) -> Result<(), AwsError> {
    let wrong = match (condition.source.as_str(), condition.value.as_deref()) {
        ("", _) => "A stop condition requires a source.".to_owned(),
        ("none", None) => return Ok(()),
        ("none", Some(_)) => "The stop condition source \"none\" takes no value.".into(),
        (ALARM, Some(arn)) if alarm(arn).is_some() => return Ok(()),
        (ALARM, Some(arn)) => format!("The value \"{arn}\" is not the ARN of a CloudWatch alarm."),
        (ALARM, None) => format!("The stop condition source \"{ALARM}\" requires a value."),
        (source, _) => format!("The stop condition source \"{source}\" is not valid."),
    };
    Err(AwsError::validation(wrong))
}

/// Region and name of an alarm's ARN.
pub(crate) fn alarm(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(7, ':');
    let (scheme, _, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, _account, kind, name) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_alarm = scheme == "arn" && service == "cloudwatch" && kind == "alarm";
    (is_alarm && !name.is_empty()).then_some((region, name))
}
