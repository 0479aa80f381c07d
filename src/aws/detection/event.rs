//! The content of an event: when it was created, its subject, and whether it names a resource.
//! Pure; each source hands over the JSON that AWS sent.

use jiff::Timestamp;
use serde_json::Value;

use super::score::{Event, counts_from};

/// What an event is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub resource: &'a str,
    pub since: Timestamp,
}

impl About<'_> {
    /// The events in one EventBridge event: as many as it has findings.
    /// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
    pub(super) fn of_bus(&self, envelope: &Value, received: Timestamp) -> Vec<Event> {
        let text = |at: &str| envelope.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let time = moment(envelope.pointer("/time"));
        let detail = &envelope["detail"];
        let findings =
            detail["findings"].as_array().filter(|_| text("/source") == "aws.securityhub");
        if let Some(findings) = findings {
            return findings.iter().map(|finding| self.of_hub(finding, received)).collect();
        }
        match text("/source") {
            "aws.guardduty" if detail.get("type").is_some() => {
                return vec![self.of_finding(detail, received)];
            }
            "aws.cloudwatch" if detail.get("alarmName").is_some() => {
                let times = [moment(detail.pointer("/state/timestamp")), time];
                let name = text("/detail/alarmName");
                return vec![Event {
                    id: text("/id").into(),
                    name: name.into(),
                    kind: name.into(),
                    title: text("/detail/state/reason").into(),
                    created: self.created(&times, received),
                    received,
                    binds: names(envelope, self.resource),
                    sample: false,
                }];
            }
            _ => {}
        }
        if text("/detail-type") == "AWS API Call via CloudTrail" {
            return vec![self.of_call(detail, time, received)];
        }
        vec![Event {
            id: text("/id").into(),
            name: text("/id").into(),
            kind: text("/detail-type").into(),
            title: text("/source").into(),
            created: self.created(&[time], received),
            received,
            binds: names(envelope, self.resource),
            sample: false,
        }]
    }

    /// A CloudTrail record:
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
    pub(super) fn of_call(
        &self,
        record: &Value,
        time: Option<Timestamp>,
        received: Timestamp,
    ) -> Event {
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let error = record["errorCode"].as_str().map(|code| format!(", refused with {code}"));
        Event {
            id: text("eventID").into(),
            name: text("eventID").into(),
            kind: text("eventName").into(),
            title: format!("call to {}{}", text("eventSource"), error.unwrap_or_default()),
            created: self.created(&[moment(record.get("eventTime")), time], received),
            received,
            binds: names(record, self.resource),
            sample: false,
        }
    }

    /// A GuardDuty finding, as GetFindings and EventBridge have it:
    /// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>,
    /// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Service.html>.
    pub(super) fn of_finding(&self, finding: &Value, at: Timestamp) -> Event {
        let text = |name: &str| finding[name].as_str().unwrap_or_default();
        let times = [moment(finding.get("createdAt")), moment(finding.get("updatedAt"))];
        let sample = is_sample(finding);
        let last_seen = moment(finding.pointer("/service/eventLastSeen"));
        // A sample is about no activity; it is the drill's by its id.
        let created = if sample { self.created(&times, at) } else { self.found(&times, last_seen) };
        Event {
            // A finding that was there before the fault counts when it is updated after it.
            id: format!("{} {created}", text("id")),
            name: text("id").into(),
            kind: text("type").into(),
            title: text("title").into(),
            created,
            received: at,
            binds: !sample && names(finding, self.resource),
            sample,
        }
    }

    /// A finding in AWS Security Finding Format, or in OCSF:
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html>,
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/ocsf-findings.html>.
    fn of_hub(&self, finding: &Value, received: Timestamp) -> Event {
        let ocsf = finding.get("finding_info").filter(|info| info.is_object());
        let field = |asff: &str, name: &str| match ocsf {
            Some(info) => info.get(name),
            None => finding.get(asff),
        };
        let text = |asff: &str, name: &str| {
            field(asff, name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (id, title) = (text("Id", "uid"), text("Title", "title"));
        let times = [("CreatedAt", "created_time_dt"), ("UpdatedAt", "modified_time_dt")];
        let times = times.map(|(asff, name)| moment(field(asff, name)));
        let sample = finding["Sample"] == true || title.starts_with("[SAMPLE]");
        let last_seen = moment(field("LastObservedAt", "last_seen_time_dt"));
        let created =
            if sample { self.created(&times, received) } else { self.found(&times, last_seen) };
        let kind = field("Types", "types").and_then(|types| types[0].as_str());
        Event {
            id: format!("{id} {created}"),
            name: id,
            kind: kind.unwrap_or_default().into(),
            title,
            created,
            received,
            binds: !sample && names(finding, self.resource),
            sample,
        }
    }

    /// When a finding was created, or changed, for something that happened since the fault. It is older than the fault
    /// where the last activity that it is about is: AWS changes findings and sends them again for other reasons, too.
    /// Without that time only a finding that is new altogether counts.
    fn found(&self, times: &[Option<Timestamp>; 2], last_seen: Option<Timestamp>) -> Timestamp {
        let first = counts_from(self.since);
        match (last_seen, times[0]) {
            (Some(seen), _) if seen < first => seen,
            (Some(seen), _) => {
                times.iter().flatten().copied().find(|at| *at >= first).unwrap_or(seen)
            }
            (None, Some(created)) => created,
            (None, None) => Timestamp::MIN,
        }
    }

    /// The first of the times that can be an effect of the fault, finest first; the last that is
    /// known when none can.
    pub(super) fn created(&self, times: &[Option<Timestamp>], received: Timestamp) -> Timestamp {
        let first = counts_from(self.since);
        let known = || times.iter().flatten().copied();
        known().find(|at| *at >= first).or(known().last()).unwrap_or(received)
    }
}

/// An event's own time: CloudWatch writes `+0000`, the others `Z`.
pub(super) fn moment(value: Option<&Value>) -> Option<Timestamp> {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok())
}

/// Samples are marked in one of three ways:
/// <https://docs.aws.amazon.com/guardduty/latest/ug/sample_findings.html>.
fn is_sample(finding: &Value) -> bool {
    let info = &finding["service"]["additionalInfo"];
    let inner = info["value"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    info["sample"] == true
        || inner.is_some_and(|inner| inner["sample"] == true)
        || finding["title"].as_str().is_some_and(|title| title.starts_with("[SAMPLE]"))
}

/// What every event of an account and Region has: it names no resource.
const COMMON: [&str; 9] = [
    "account",
    "accountId",
    "awsRegion",
    "eventName",
    "eventSource",
    "recipientAccountId",
    "region",
    "source",
    "detail-type",
];

/// Whether `resource` is a whole text of `value`, or the last part of an ARN in it.
pub(super) fn names(value: &Value, resource: &str) -> bool {
    match value {
        Value::String(text) => {
            text == resource
                || text.starts_with("arn:")
                    && text.rsplit(['/', ':']).next().is_some_and(|last| last == resource)
        }
        Value::Array(items) => items.iter().any(|item| names(item, resource)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, field)| !COMMON.contains(&name.as_str()) && names(field, resource)),
        _ => false,
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
