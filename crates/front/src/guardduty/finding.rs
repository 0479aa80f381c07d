//! A finding as the store keeps it, and its JSON (schema 2.0). Raises nothing.
//!
//! Shape as in <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>; the same JSON is the
//! `detail` of the event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::iso;
use crate::{Scope, ids};

/// What the store calls a finding.
pub(super) const KIND: &str = "guardduty.finding";
/// How findings of the lab's rules are marked.
pub(super) const LAB: &str = "backburn lab rule";

/// A finding and what the front remembers of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub id: String,
    /// What repeats of it have in common.
    pub key: String,
    pub finding: Value,
    /// Archived by a filter rather than by a caller.
    pub is_suppressed: bool,
    pub published: Option<Timestamp>,
    /// Whether something happened since it was published.
    pub is_pending: bool,
}

/// The content of a rule or a sample; the rest of a finding follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signal {
    /// `Stealth:IAMUser/CloudTrailLoggingDisabled`.
    pub kind: &'static str,
    pub severity: f64,
    pub title: String,
    pub description: String,
    pub resource: Value,
    pub action: Value,
    /// `TARGET` or `ACTOR`.
    pub role: &'static str,
    /// Repeats with the same key and kind are one finding.
    pub key: String,
}

impl Record {
    pub(super) fn new(
        at: &Scope,
        detector: &str,
        signal: &Signal,
        info: Value,
        seen: Timestamp,
    ) -> Self {
        let id = ids::hex("", 32);
        let now = iso(Timestamp::now());
        let finding = json!({
            "schemaVersion": "2.0",
            "accountId": at.account,
            "region": at.region,
            "partition": "aws",
            "id": id,
            "arn": at.arn("guardduty", &format!("detector/{detector}/finding/{id}")),
            "type": signal.kind,
            "resource": signal.resource,
            "service": {
                "serviceName": "guardduty",
                "detectorId": detector,
                "action": signal.action,
                "resourceRole": signal.role,
                "additionalInfo": info,
                "eventFirstSeen": iso(seen),
                "eventLastSeen": iso(seen),
                "archived": false,
                "count": 1,
            },
            "severity": signal.severity,
            "createdAt": now,
            "updatedAt": now,
            "title": signal.title,
            "description": signal.description,
        });
        let key = format!("{} {}", signal.kind, signal.key);
        Self { id, key, finding, is_suppressed: false, published: None, is_pending: true }
    }

    /// The same again: GuardDuty counts it on the finding that is there.
    pub(super) fn repeat(&mut self, signal: &Signal, seen: Timestamp) {
        let count = self.finding["service"]["count"].as_u64().unwrap_or(1) + 1;
        self.finding["service"]["count"] = json!(count);
        self.finding["service"]["eventLastSeen"] = json!(iso(seen));
        self.finding["service"]["action"] = signal.action.clone();
        self.finding["updatedAt"] = json!(iso(Timestamp::now()));
        self.is_pending = true;
    }

    pub(super) fn is_archived(&self) -> bool {
        self.finding["service"]["archived"] == true
    }

    pub(super) fn archive(&mut self, is: bool) {
        self.finding["service"]["archived"] = json!(is);
        self.finding["updatedAt"] = json!(iso(Timestamp::now()));
    }
}

/// `service.additionalInfo` of the lab's own findings.
pub(super) fn lab_info() -> Value {
    json!({"type": "default", "value": LAB})
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn signal(key: &str) -> Signal {
        Signal {
            kind: "Stealth:IAMUser/CloudTrailLoggingDisabled",
            severity: 2.0,
            title: "t".into(),
            description: "d".into(),
            resource: json!({"resourceType": "AccessKey"}),
            action: json!({"actionType": "AWS_API_CALL"}),
            role: "TARGET",
            key: key.into(),
        }
    }

    #[test]
    fn a_repeat_is_counted_on_the_same_finding() {
        let seen = Timestamp::from_second(1_700_000_000).expect("in range");
        let at = Scope::new("111122223333", "eu-west-1");
        let mut record = Record::new(&at, "d", &signal("k"), lab_info(), seen);
        let later = seen + std::time::Duration::from_mins(1);
        record.repeat(&signal("k"), later);
        assert_eq!(record.id.len(), 32);
        let service = &record.finding["service"];
        assert_eq!(
            (&service["count"], &service["eventFirstSeen"]),
            (&json!(2), &json!("2023-11-14T22:13:20.000Z"))
        );
        assert_eq!(service["eventLastSeen"], "2023-11-14T22:14:20.000Z");
        assert_eq!(service["additionalInfo"]["value"], LAB);
        let arn =
            format!("arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/{}", record.id);
        assert_eq!(record.finding["arn"], arn);
    }
}
