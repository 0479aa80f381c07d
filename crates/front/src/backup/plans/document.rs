//! The document of a backup plan: checked, and given its defaults and the ids of its rules.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRuleInput.html>

use serde_json::{Value, json};

use crate::backup::copies;
use crate::backup::desk::Desk;
use crate::backup::error::{invalid, missing};
use crate::backup::input::{is_name, lifecycle};
use crate::backup::vaults;
use crate::{AwsError, Call, ids};

/// `BackupPlan` of the call.
pub(super) fn read(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let given = call.params.get("BackupPlan").filter(|plan| plan.is_object());
    let mut document = given.cloned().ok_or_else(|| missing("BackupPlan"))?;
    let name = text(&document, "BackupPlanName")?;
    if !is_name(name, 1, 50, "-_.") {
        return Err(invalid(format!("Invalid backup plan name: {name}")));
    }
    let rules =
        document.get_mut("Rules").and_then(Value::as_array_mut).ok_or_else(|| missing("Rules"))?;
    if rules.is_empty() {
        return Err(invalid("A backup plan must have at least one rule"));
    }
    for rule in rules {
        check(desk, rule)?;
        let defaults = [
            ("RuleId", json!(ids::uuid())),
            ("StartWindowMinutes", json!(480)),
            ("CompletionWindowMinutes", json!(10_080)),
            ("ScheduleExpression", json!("cron(0 5 ? * * *)")),
            ("ScheduleExpressionTimezone", json!("Etc/UTC")),
            ("EnableContinuousBackup", json!(false)),
        ];
        for (name, value) in defaults {
            if rule.get(name).is_none_or(Value::is_null) {
                rule[name] = value;
            }
        }
    }
    Ok(document)
}

fn check(desk: &Desk, rule: &Value) -> Result<(), AwsError> {
    let name = text(rule, "RuleName")?;
    if !is_name(name, 1, 50, "-_.") {
        return Err(invalid(format!("Invalid rule name: {name}")));
    }
    let vault = text(rule, "TargetBackupVaultName")?;
    if vaults::find(desk, vault).is_err() {
        return Err(invalid(format!("Target backup vault {vault} does not exist")));
    }
    if let Some(schedule) = rule.get("ScheduleExpression").and_then(Value::as_str)
        && !is_schedule(schedule)
    {
        return Err(invalid(format!("Provided ScheduleExpression is invalid: {schedule}")));
    }
    lifecycle(rule.get("Lifecycle"))?;
    for action in rule.get("CopyActions").and_then(Value::as_array).into_iter().flatten() {
        lifecycle(action.get("Lifecycle"))?;
        let arn = text(action, "DestinationBackupVaultArn")?;
        copies::destination(desk, arn).map_err(|error| invalid(error.message))?;
    }
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    value
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| missing(name))
}

/// `cron(..)` with six fields, or `rate(..)`. The fields are not checked, because nothing runs by them.
pub(in crate::backup) fn is_schedule(text: &str) -> bool {
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    inner("cron").is_some_and(|fields| fields.split_whitespace().count() == 6)
        || inner("rate").is_some_and(|fields| fields.split_whitespace().count() == 2)
}

/// Whether two documents differ in nothing but the ids that were given to their rules.
pub(super) fn is_same(one: &Value, two: &Value) -> bool {
    plain(one) == plain(two)
}

fn plain(document: &Value) -> Value {
    let mut document = document.clone();
    for rule in document.get_mut("Rules").and_then(Value::as_array_mut).into_iter().flatten() {
        rule.as_object_mut().map(|rule| rule.shift_remove("RuleId"));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_have_their_form() {
        assert!(is_schedule("cron(0 5 ? * * *)"));
        assert!(is_schedule("rate(12 hours)"));
        for bad in ["", "cron(0 5 * * *)", "every day", "cron(0 5 ? * * *"] {
            assert!(!is_schedule(bad), "{bad}");
        }
    }

    #[test]
    fn ids_of_rules_make_no_difference() {
        let of = |id: &str, name: &str| json!({"Rules": [{"RuleId": id, "RuleName": name}]});
        assert!(is_same(&of("1", "a"), &of("2", "a")));
        assert!(!is_same(&of("1", "a"), &of("1", "b")));
    }
}
