//! Detectors: one an account and Region, as on AWS.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::bad::{detector_exists, invalid, missing, no_detector};
use super::{filter, finding};
use crate::wire::{iso, time};
use crate::{AwsError, Call, Front, Scope, ids};

pub(super) const KIND: &str = "guardduty.detector";
/// Data sources that every detector reads.
const ALWAYS: [&str; 3] = ["CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"];
const OPTIONAL: [&str; 7] = [
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "EKS_RUNTIME_MONITORING",
    "RUNTIME_MONITORING",
];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Detector {
    pub id: String,
    pub is_enabled: bool,
    /// `FIFTEEN_MINUTES`, `ONE_HOUR` or `SIX_HOURS`.
    pub frequency: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Optional features that are enabled.
    pub features: Vec<String>,
    pub tags: Map<String, Value>,
    pub token: Option<String>,
}

impl Detector {
    /// How long repeats of a finding wait to be published.
    pub(super) fn interval(&self) -> Duration {
        let minutes = match self.frequency.as_str() {
            "FIFTEEN_MINUTES" => 15,
            "ONE_HOUR" => 60,
            _ => 360,
        };
        Duration::from_secs(minutes * 60)
    }

    fn is_on(&self, feature: &str) -> &'static str {
        if self.features.iter().any(|name| name == feature) { "ENABLED" } else { "DISABLED" }
    }

    fn shape(&self, at: &Scope) -> Value {
        let feature = |name: &str, status: &str| json!({"name": name, "status": status, "updatedAt": time(self.updated)});
        let always = ALWAYS.iter().map(|name| feature(name, "ENABLED"));
        let optional = OPTIONAL.iter().map(|name| feature(name, self.is_on(name)));
        let status = |name: &str| json!({"status": self.is_on(name)});
        json!({
            "createdAt": iso(self.created),
            "findingPublishingFrequency": self.frequency,
            "serviceRole": format!("arn:aws:iam::{}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty", at.account),
            "status": if self.is_enabled { "ENABLED" } else { "DISABLED" },
            "updatedAt": iso(self.updated),
            "dataSources": {
                "cloudTrail": {"status": "ENABLED"},
                "dnsLogs": {"status": "ENABLED"},
                "flowLogs": {"status": "ENABLED"},
                "s3Logs": status("S3_DATA_EVENTS"),
                "kubernetes": {"auditLogs": status("EKS_AUDIT_LOGS")},
                "malwareProtection": {"scanEc2InstanceWithFindings": {"ebsVolumes": status("EBS_MALWARE_PROTECTION")}},
            },
            "tags": self.tags,
            "features": always.chain(optional).collect::<Value>(),
        })
    }

    /// What creating and updating have in common.
    fn change(&mut self, call: &Call) -> Result<(), AwsError> {
        if let Some(frequency) = call.text("findingPublishingFrequency") {
            if !["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"].contains(&frequency) {
                return Err(invalid("findingPublishingFrequency"));
            }
            self.frequency = frequency.into();
        }
        if let Some(is_enabled) = call.flag("enable") {
            self.is_enabled = is_enabled;
        }
        for feature in call.params["features"].as_array().into_iter().flatten() {
            let name = feature["name"]
                .as_str()
                .filter(|name| OPTIONAL.contains(name))
                .ok_or_else(|| invalid("features"))?;
            self.turn(name, feature["status"] == "ENABLED");
        }
        let sources = &call.params["dataSources"];
        for (path, name) in [
            ("/s3Logs/enable", "S3_DATA_EVENTS"),
            ("/kubernetes/auditLogs/enable", "EKS_AUDIT_LOGS"),
            ("/malwareProtection/scanEc2InstanceWithFindings/ebsVolumes", "EBS_MALWARE_PROTECTION"),
        ] {
            if let Some(is_on) = sources.pointer(path).and_then(Value::as_bool) {
                self.turn(name, is_on);
            }
        }
        Ok(())
    }

    fn turn(&mut self, feature: &str, is_on: bool) {
        self.features.retain(|name| name != feature);
        if is_on {
            self.features.push(feature.to_owned());
        }
    }
}

/// The detector of an account and Region.
pub(super) fn only(front: &Front, at: &Scope) -> Option<Detector> {
    front.store().list(at, KIND).into_iter().next()
}

/// The detector that a call names.
pub(super) fn named(call: &Call, front: &Front) -> Result<Detector, AwsError> {
    let id = call
        .text("DetectorId")
        .or_else(|| call.text("detectorId"))
        .ok_or_else(|| missing("detectorId"))?;
    front.store().get(&call.scope, KIND, id).ok_or_else(no_detector)
}

pub(super) fn create(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let is_enabled = call.flag("enable").ok_or_else(|| missing("enable"))?;
    let token = call.text("clientToken").map(str::to_owned);
    if let Some(other) = only(front, &call.scope) {
        return match token {
            Some(token) if other.token.as_ref() == Some(&token) => {
                Ok(json!({"detectorId": other.id}))
            }
            _ => Err(detector_exists()),
        };
    }
    let now = Timestamp::now();
    let mut detector = Detector {
        id: ids::hex("", 32),
        is_enabled,
        frequency: "SIX_HOURS".into(),
        created: now,
        updated: now,
        features: ["S3_DATA_EVENTS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS"]
            .map(str::to_owned)
            .to_vec(),
        tags: call.params["tags"].as_object().cloned().unwrap_or_default(),
        token,
    };
    detector.change(call)?;
    front.store().put(&call.scope, KIND, &detector.id, &detector);
    Ok(json!({"detectorId": detector.id}))
}

pub(super) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    Ok(named(call, front)?.shape(&call.scope))
}

pub(super) fn list(call: &Call, front: &Front) -> Value {
    let ids: Value =
        only(front, &call.scope).into_iter().map(|detector| json!(detector.id)).collect();
    json!({"detectorIds": ids})
}

pub(super) fn update(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let mut detector = named(call, front)?;
    detector.change(call)?;
    detector.updated = Timestamp::now();
    front.store().put(&call.scope, KIND, &detector.id, &detector);
    Ok(json!({}))
}

/// With the detector go its findings and filters.
pub(super) fn delete(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let detector = named(call, front)?;
    for record in front.store().list::<finding::Record>(&call.scope, finding::KIND) {
        front.store().remove(&call.scope, finding::KIND, &record.id);
    }
    for found in filter::all(front, &call.scope) {
        front.store().remove(&call.scope, filter::KIND, &found.name);
    }
    front.store().remove(&call.scope, KIND, &detector.id);
    Ok(json!({}))
}
