//! Snapshots shared with other accounts, three or more within ten minutes: `Exfiltration:IAMUser/AnomalousBehavior`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Event, Signal};

const WINDOW: Duration = Duration::from_mins(10);
const MANY: usize = 3;

/// Snapshots that a principal shared, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Shares(BTreeMap<String, BTreeMap<String, Timestamp>>);

impl Shares {
    pub(crate) fn judge(&mut self, event: &Event<'_>) -> Option<Signal> {
        let (resource, snapshot) = shared(event)?;
        let now = event.at();
        let principal = event.text("/userIdentity/arn").unwrap_or_default();
        self.0.retain(|_, shares| {
            shares.retain(|_, at| now.duration_since(*at).unsigned_abs() < WINDOW);
            !shares.is_empty()
        });
        let shares = self.0.entry(principal.to_owned()).or_default();
        shares.insert(snapshot.clone(), now);
        if shares.len() < MANY {
            return None;
        }
        let user = event.user();
        Some(Signal {
            kind: "Exfiltration:IAMUser/AnomalousBehavior",
            severity: 8.0,
            title: format!(
                "User {user} is anomalously invoking APIs commonly used in Exfiltration tactics."
            ),
            description: format!(
                "APIs commonly used in Exfiltration tactics were invoked by user {user}: {} snapshots were shared with other accounts within 10 minutes, {snapshot} the last of them.",
                shares.len(),
            ),
            resource: json!({"resourceType": "AccessKey", "accessKeyDetails": event.access_key_details()}),
            action: event.action(&[(resource, &snapshot)]),
            role: "TARGET",
            key: principal.into(),
        })
    }
}

pub(super) fn concerns(event: &Event<'_>) -> bool {
    event.name().ends_with("SnapshotAttribute")
}

/// Kind and id of a snapshot that the event shares with another account, or with everyone.
fn shared(event: &Event<'_>) -> Option<(&'static str, String)> {
    let own = event
        .text("/recipientAccountId")
        .or_else(|| event.text("/userIdentity/accountId"))
        .unwrap_or_default();
    let is_other = |text: &str| {
        text == "all"
            || (text != own && text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()))
    };
    match event.name() {
        "ModifySnapshotAttribute" => {
            let permission = event.parameter("createVolumePermission")?;
            let added = member(permission, "add")?;
            texts(added).iter().any(|text| is_other(text)).then_some(())?;
            Some(("AWS::EC2::Snapshot", event.parameter_text("snapshotId")?.to_owned()))
        }
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => {
            texts(event.parameter("valuesToAdd")?)
                .iter()
                .any(|text| is_other(text))
                .then_some(())?;
            let names = ["dBSnapshotIdentifier", "dBClusterSnapshotIdentifier"];
            let id = names.iter().find_map(|name| event.parameter_text(name))?;
            Some(("AWS::RDS::DBSnapshot", id.to_owned()))
        }
        _ => None,
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Every text in a value, at any depth: `{"items": [{"userId": "1"}]}` as CloudTrail writes it, and plain lists.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::record;
    use super::*;

    fn share(snapshot: &str, account: &str, minute: u32) -> Value {
        let add = json!({"add": {"items": [{"userId": account}]}});
        let parameters = json!({"snapshotId": snapshot, "createVolumePermission": add, "attributeType": "CREATE_VOLUME_PERMISSION"});
        let mut record = record("ModifySnapshotAttribute", "ec2", parameters);
        record["eventTime"] = json!(format!("2026-11-24T11:{minute:02}:00Z"));
        record
    }

    fn judged(events: &[Value]) -> Vec<bool> {
        let mut shares = Shares::default();
        events.iter().map(|event| shares.judge(&Event(event)).is_some()).collect()
    }

    #[test]
    fn the_third_share_within_ten_minutes_is_found() {
        let other = "444455556666";
        let three =
            [share("snap-1", other, 0), share("snap-2", other, 1), share("snap-3", "all", 2)];
        assert_eq!(judged(&three), [false, false, true]);
        let slow =
            [share("snap-1", other, 0), share("snap-2", other, 1), share("snap-3", other, 11)];
        assert_eq!(judged(&slow), [false, false, false]);
        let same =
            [share("snap-1", other, 0), share("snap-1", other, 1), share("snap-1", other, 2)];
        assert_eq!(judged(&same), [false, false, false]);
        let own: Vec<Value> =
            (0..4).map(|n| share(&format!("snap-{n}"), "111122223333", n)).collect();
        assert_eq!(judged(&own), [false; 4]);
    }

    #[test]
    fn database_snapshots_count_too() {
        let parameters = json!({"dBSnapshotIdentifier": "db", "attributeName": "restore", "valuesToAdd": ["444455556666"]});
        let record = record("ModifyDBSnapshotAttribute", "rds", parameters);
        assert_eq!(shared(&Event(&record)), Some(("AWS::RDS::DBSnapshot", "db".into())));
    }
}
