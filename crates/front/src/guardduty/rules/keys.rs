//! Access keys: used while inactive, or from two addresses.
//!
//! For the first GuardDuty has no type of its own; `CredentialAccess:IAMUser/CompromisedCredentials` (high) comes
//! nearest. The second is `UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS` (high) for an
//! instance's role and `InitialAccess:IAMUser/AnomalousBehavior` (medium) for all others.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Event, Signal};

/// How long an address counts as the key's.
const WINDOW: Duration = Duration::from_hours(24);
/// More keys than any drill has; the oldest are forgotten.
const MOST: usize = 2_000;

/// How exactly the time of a use is kept: not every call is worth a write.
const GRAIN: Duration = Duration::from_mins(1);

/// The known state of an account's keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Keys(BTreeMap<String, Key>);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Key {
    is_inactive: bool,
    /// When it was last used from where.
    addresses: BTreeMap<String, Timestamp>,
}

impl Keys {
    pub(crate) fn judge(&mut self, event: &Event<'_>) -> Vec<Signal> {
        let used = event.key().filter(|key| is_access_key(key) && !event.is_by_service());
        let found = used.map(|key| self.used(key, event)).unwrap_or_default();
        if event.source() == "iam.amazonaws.com" && event.error().is_none() {
            self.changed(event);
        }
        found
    }

    /// Whether a call of IAM changes what is known.
    fn changed(&mut self, event: &Event<'_>) {
        let Some(id) = event.parameter_text("accessKeyId") else { return };
        let is_inactive = match (event.name(), event.parameter_text("status")) {
            ("UpdateAccessKey", Some(status)) => status == "Inactive",
            ("DeleteAccessKey", _) => true,
            _ => return,
        };
        self.key(id, event.at()).is_inactive = is_inactive;
    }

    fn key(&mut self, id: &str, now: Timestamp) -> &mut Key {
        if self.0.len() >= MOST && !self.0.contains_key(id) {
            let last = |key: &Key| key.addresses.values().max().copied().unwrap_or(Timestamp::MIN);
            let oldest =
                self.0.iter().filter(|(_, key)| !key.is_inactive).min_by_key(|(_, key)| last(key));
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.0.remove(&oldest);
            }
        }
        let key = self.0.entry(id.to_owned()).or_default();
        key.addresses.retain(|_, seen| now.duration_since(*seen).unsigned_abs() < WINDOW);
        key
    }

    fn used(&mut self, id: &str, event: &Event<'_>) -> Vec<Signal> {
        let now = event.at();
        let key = self.key(id, now);
        let mut found = Vec::new();
        if key.is_inactive {
            found.push(disabled(id, event));
        }
        if let Some(address) = event.address() {
            let others = key.addresses.keys().filter(|other| *other != address).count();
            if others > 0 {
                found.push(elsewhere(id, address, event));
            }
            let is_old = |seen: &Timestamp| now.duration_since(*seen).unsigned_abs() >= GRAIN;
            if key.addresses.get(address).is_none_or(is_old) {
                key.addresses.insert(address.to_owned(), now);
            }
        }
        found
    }
}

pub(super) fn concerns(event: &Event<'_>) -> bool {
    let is_change = matches!(event.name(), "UpdateAccessKey" | "DeleteAccessKey");
    is_change || event.key().is_some_and(is_access_key)
}

/// A key that IAM or STS made; the lab's account ids that serve as keys are none.
fn is_access_key(id: &str) -> bool {
    id.len() >= 16 && id.get(1..4).is_some_and(|kind| kind == "KIA" || kind == "SIA")
}

fn disabled(id: &str, event: &Event<'_>) -> Signal {
    let (user, api) = (event.user(), event.name());
    Signal {
        kind: "CredentialAccess:IAMUser/CompromisedCredentials",
        severity: 8.0,
        title: format!(
            "Credentials of {user} that are potentially compromised were used to invoke an API."
        ),
        description: format!(
            "API {api} was invoked with the access key {id} of {user} after the key was deactivated or deleted."
        ),
        resource: json!({"resourceType": "AccessKey", "accessKeyDetails": event.access_key_details()}),
        action: event.action(&[]),
        role: "TARGET",
        key: id.into(),
    }
}

fn elsewhere(id: &str, address: &str, event: &Event<'_>) -> Signal {
    let (user, api) = (event.user(), event.name());
    let session = event.text("/userIdentity/arn").and_then(|arn| arn.rsplit('/').next());
    let is_instance = event.text("/userIdentity/type") == Some("AssumedRole")
        && session.is_some_and(|name| name.starts_with("i-"));
    let (kind, severity, title) = if is_instance {
        (
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            8.0,
            format!(
                "Credentials for the EC2 instance role {user} were used from an external IP address."
            ),
        )
    } else {
        (
            "InitialAccess:IAMUser/AnomalousBehavior",
            5.0,
            format!(
                "User {user} is anomalously invoking APIs commonly used in InitialAccess tactics."
            ),
        )
    };
    Signal {
        kind,
        severity,
        title,
        description: format!(
            "API {api} was invoked with the access key {id} of {user} from {address}, while the key is also in use from another address."
        ),
        resource: json!({"resourceType": "AccessKey", "accessKeyDetails": event.access_key_details()}),
        action: event.action(&[]),
        role: "TARGET",
        key: id.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::event::tests::record;
    use super::*;

    const KEY: &str = "AKIAEXAMPLE000000001";

    fn kinds(keys: &mut Keys, record: &Value) -> Vec<&'static str> {
        keys.judge(&Event(record)).into_iter().map(|signal| signal.kind).collect()
    }

    fn by_admin(name: &str, parameters: Value) -> Value {
        let mut record = record(name, "iam", parameters);
        record["userIdentity"]["accessKeyId"] = json!("111122223333");
        record
    }

    #[test]
    fn a_disabled_key_that_is_used_is_found() {
        let mut keys = Keys::default();
        let call = record("GetCallerIdentity", "sts", json!({}));
        assert!(kinds(&mut keys, &call).is_empty());
        let set = |status: &str| {
            by_admin("UpdateAccessKey", json!({"accessKeyId": KEY, "status": status}))
        };
        assert!(kinds(&mut keys, &set("Inactive")).is_empty());
        assert_eq!(kinds(&mut keys, &call), ["CredentialAccess:IAMUser/CompromisedCredentials"]);
        let mut keys: Keys =
            serde_json::from_str(&serde_json::to_string(&keys).expect("JSON")).expect("the same");
        let mut refused = call.clone();
        refused["errorCode"] = json!("InvalidClientTokenId");
        assert_eq!(kinds(&mut keys, &refused), ["CredentialAccess:IAMUser/CompromisedCredentials"]);
        assert!(kinds(&mut keys, &set("Active")).is_empty());
        assert!(kinds(&mut keys, &call).is_empty());
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut keys = Keys::default();
        let mut update =
            by_admin("UpdateAccessKey", json!({"accessKeyId": KEY, "status": "Inactive"}));
        update["errorCode"] = json!("AccessDenied");
        kinds(&mut keys, &update);
        assert!(kinds(&mut keys, &record("GetCallerIdentity", "sts", json!({}))).is_empty());
    }

    #[test]
    fn a_key_in_two_places_is_found() {
        let mut keys = Keys::default();
        let here = record("GetCallerIdentity", "sts", json!({}));
        let mut there = here.clone();
        there["sourceIPAddress"] = json!("127.0.0.2");
        assert!(kinds(&mut keys, &here).is_empty());
        let mut local = here.clone();
        local["sourceIPAddress"] = json!("::1");
        assert!(kinds(&mut keys, &local).is_empty());
        assert_eq!(kinds(&mut keys, &there), ["InitialAccess:IAMUser/AnomalousBehavior"]);
        let mut later = here.clone();
        later["eventTime"] = json!("2026-11-26T11:00:00Z");
        assert!(kinds(&mut keys, &later).is_empty());
    }

    #[test]
    fn an_instances_key_has_its_own_type() {
        let mut keys = Keys::default();
        let mut here = record("ListBuckets", "s3", json!({}));
        here["userIdentity"]["type"] = json!("AssumedRole");
        here["userIdentity"]["arn"] =
            json!("arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0");
        kinds(&mut keys, &here);
        here["sourceIPAddress"] = json!("127.0.0.9");
        assert_eq!(
            kinds(&mut keys, &here),
            ["UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"]
        );
    }

    #[test]
    fn the_labs_own_keys_and_services_are_left_out() {
        let mut keys = Keys::default();
        let mut call = by_admin("GetUser", json!({}));
        kinds(&mut keys, &call);
        call["sourceIPAddress"] = json!("127.0.0.2");
        assert!(kinds(&mut keys, &call).is_empty());
        let mut service = record("StopInstances", "ec2", json!({}));
        kinds(&mut keys, &service);
        service["sourceIPAddress"] = json!("fis.amazonaws.com");
        service["userIdentity"]["invokedBy"] = json!("fis.amazonaws.com");
        assert!(kinds(&mut keys, &service).is_empty());
    }
}
