//! `EC2 Instance State-change Notification` for calls that changed an instance's state.
//!
//! Made from the call's own answer. The upstream changes state at once, so the transient state and the final one
//! follow each other directly. <https://docs.aws.amazon.com/ec2/latest/userguide/monitoring-instance-state-changes.html>

use serde_json::json;

use super::Event;
use crate::Scope;
use crate::wire::Xml;

/// Whether a call can change an instance's state.
pub(crate) fn is_state_call(service: &str, operation: &str) -> bool {
    service == "ec2" && steps(operation).is_some()
}

/// Path of the instances in the answer, and the states that follow.
fn steps(operation: &str) -> Option<(&'static str, &'static [&'static str])> {
    match operation {
        "RunInstances" => Some(("instancesSet/item", &["pending", "running"])),
        "StartInstances" => Some(("instancesSet/item", &["pending", "running"])),
        "StopInstances" => Some(("instancesSet/item", &["stopping", "stopped"])),
        "TerminateInstances" => Some(("instancesSet/item", &["shutting-down", "terminated"])),
        _ => None,
    }
}

/// Events of a successful call. An instance that was in the final state before raises none.
pub(crate) fn of_call(scope: &Scope, operation: &str, body: &[u8]) -> Vec<Event> {
    let Some((path, states)) = steps(operation) else { return Vec::new() };
    let Some(xml) = Xml::parse(&String::from_utf8_lossy(body)) else { return Vec::new() };
    let last = states.last().copied().unwrap_or_default();
    let changed = xml.all(path).into_iter().filter(|item| item.text("previousState/name") != last);
    let event = |id: &str, state: &str| {
        let detail = json!({ "instance-id": id, "state": state });
        Event::new(scope, "aws.ec2", "EC2 Instance State-change Notification", detail)
            .about(scope.arn("ec2", &format!("instance/{id}")))
    };
    changed
        .flat_map(|item| states.iter().map(|state| event(item.text("instanceId"), state)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_that_changed_are_told() {
        let body = b"<StopInstancesResponse><instancesSet>\
            <item><instanceId>i-1</instanceId><previousState><name>running</name></previousState></item>\
            <item><instanceId>i-2</instanceId><previousState><name>stopped</name></previousState></item>\
            </instancesSet></StopInstancesResponse>";
        let events = of_call(&Scope::new("1", "eu-west-1"), "StopInstances", body);
        let told: Vec<_> =
            events.iter().map(|e| (e.resources[0].as_str(), &e.detail["state"])).collect();
        let arn = "arn:aws:ec2:eu-west-1:1:instance/i-1";
        assert_eq!(told, [(arn, &json!("stopping")), (arn, &json!("stopped"))]);
        assert!(of_call(&Scope::new("1", "r"), "DescribeInstances", body).is_empty());
    }
}
