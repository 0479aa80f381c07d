//! An event as EventBridge carries it.
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>

use serde_json::{Value, json};

use crate::{Scope, ids};

/// An event of an AWS service.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub scope: Scope,
    /// `aws.guardduty`.
    pub source: String,
    /// `GuardDuty Finding`.
    pub detail_type: String,
    pub time: jiff::Timestamp,
    /// ARNs.
    pub resources: Vec<String>,
    pub detail: Value,
}

impl Event {
    /// An event of now.
    pub(crate) fn new(scope: &Scope, source: &str, detail_type: &str, detail: Value) -> Self {
        Self {
            scope: scope.clone(),
            source: source.into(),
            detail_type: detail_type.into(),
            time: jiff::Timestamp::now(),
            resources: Vec::new(),
            detail,
        }
    }

    #[must_use]
    pub(crate) fn about(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    pub(crate) fn to_value(&self) -> Value {
        json!({
            "version": "0",
            "id": ids::uuid(),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.scope.account,
            "time": format!("{:.0}", self.time),
            "region": self.scope.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}
