//! A trail that was stopped, deleted or narrowed: `Stealth:IAMUser/CloudTrailLoggingDisabled`.

use serde_json::{Value, json};

use super::Event;
use super::Signal;

pub(super) fn judge(event: &Event<'_>) -> Option<Signal> {
    if event.source() != "cloudtrail.amazonaws.com" || !is_blinding(event) {
        return None;
    }
    let given = event
        .parameter_text("name")
        .or_else(|| event.parameter_text("trailName"))
        .unwrap_or_default();
    let trail = given.rsplit('/').next().unwrap_or(given);
    Some(Signal {
        kind: "Stealth:IAMUser/CloudTrailLoggingDisabled",
        severity: 2.0,
        title: format!("AWS CloudTrail trail {trail} was disabled."),
        description: format!(
            "AWS CloudTrail trail {trail} was disabled by {} calling {} under unusual circumstances. This can be attackers attempt to cover their tracks by eliminating any trace of activity performed while they accessed your account.",
            event.user(),
            event.name(),
        ),
        resource: json!({"resourceType": "AccessKey", "accessKeyDetails": event.access_key_details()}),
        action: event.action(&[("AWS::CloudTrail::Trail", trail)]),
        role: "TARGET",
        key: format!("{} {trail}", event.user()),
    })
}

fn is_blinding(event: &Event<'_>) -> bool {
    match event.name() {
        "StopLogging" | "DeleteTrail" => true,
        // Selectors that leave management events out.
        "PutEventSelectors" => {
            let selectors = event.parameter("eventSelectors").and_then(Value::as_array);
            let sees = |selector: &Value| {
                let member = |name: &str| {
                    let members = selector.as_object()?;
                    members
                        .iter()
                        .find(|(key, _)| key.eq_ignore_ascii_case(name))
                        .map(|(_, value)| value)
                };
                member("includeManagementEvents") != Some(&Value::Bool(false))
                    && member("readWriteType").and_then(Value::as_str) != Some("ReadOnly")
            };
            selectors.is_some_and(|all| !all.iter().any(sees))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::record;
    use super::*;

    fn found(name: &str, parameters: Value) -> Option<Signal> {
        judge(&Event(&record(name, "cloudtrail", parameters)))
    }

    #[test]
    fn a_stopped_trail_is_found() {
        let arn = json!({"name": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"});
        let signal = found("StopLogging", arn).expect("found");
        assert_eq!(signal.title, "AWS CloudTrail trail main was disabled.");
        assert_eq!(signal.key, "mallory main");
        assert!(found("DeleteTrail", json!({"name": "main"})).is_some());
        assert_eq!(found("StartLogging", json!({"name": "main"})), None);
        let selectors = |is: bool| json!({"trailName": "main", "eventSelectors": [{"includeManagementEvents": is}]});
        assert!(found("PutEventSelectors", selectors(false)).is_some());
        assert_eq!(found("PutEventSelectors", selectors(true)), None);
    }
}
