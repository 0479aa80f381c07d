//! Faults on purpose: rules that make calls fail as AWS's do at its worst moments. Owns the rules and the count.

mod rule;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

pub use rule::{Effect, Rule};

use super::wire::{Protocol, Signed};
use super::{AwsError, Front, ids};

/// Fired faults that are remembered.
const REMEMBERED: usize = 1000;
/// A held call is let go after this, should nobody remove its rule.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// A fault that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fired {
    pub rule: String,
    pub at: jiff::Timestamp,
    pub service: String,
    pub operation: String,
    pub account: String,
    pub access_key: String,
    pub effect: Effect,
}

/// What happens to a call. Latency has already passed.
pub(super) enum Strike {
    None,
    Error(AwsError),
    Throttle,
    ResetBefore,
    ResetAfter,
    /// Until the rule with this id is removed.
    HoldBefore(String),
    HoldAfter(String),
}

impl Strike {
    /// Whether the call takes effect although no answer comes.
    pub(crate) fn is_after(&self) -> bool {
        matches!(self, Self::ResetAfter | Self::HoldAfter(_))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Armed {
    pub id: String,
    #[serde(flatten)]
    pub rule: Rule,
    /// Calls that fit the rule.
    pub seen: u64,
    pub fired: u64,
    /// Calls that wait for the rule's removal.
    pub holding: u64,
}

#[derive(Default)]
struct Inner {
    armed: Vec<Armed>,
    fired: VecDeque<Fired>,
    count: u64,
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

impl Faults {
    /// Puts a rule in force; returns its id.
    pub(crate) fn add(&self, rule: Rule) -> String {
        let id = ids::hex("fault-", 12);
        self.lock().armed.push(Armed { id: id.clone(), rule, seen: 0, fired: 0, holding: 0 });
        id
    }

    pub(crate) fn remove(&self, id: &str) -> bool {
        let armed = &mut self.lock().armed;
        let before = armed.len();
        armed.retain(|armed| armed.id != id);
        armed.len() < before
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    pub(super) fn rules(&self) -> Vec<serde_json::Value> {
        self.lock().armed.iter().filter_map(|armed| serde_json::to_value(armed).ok()).collect()
    }

    /// One rule in force, and the calls that it hit.
    pub(super) fn rule(&self, id: &str) -> Option<serde_json::Value> {
        let inner = self.lock();
        let armed = inner.armed.iter().find(|armed| armed.id == id)?;
        let fired: Vec<_> = inner.fired.iter().filter(|fired| fired.rule == id).collect();
        Some(serde_json::json!({ "rule": armed, "fired": fired }))
    }

    /// Returns once the rule is no longer in force.
    pub(super) async fn held(&self, id: &str) {
        if let Some(armed) = self.lock().armed.iter_mut().find(|armed| armed.id == id) {
            armed.holding += 1;
        }
        let removed = async {
            while self.lock().armed.iter().any(|armed| armed.id == id) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // The result is the same: the connection is dropped.
        let _ = tokio::time::timeout(LONGEST_HOLD, removed).await;
    }

    /// The last faults, oldest first.
    pub(crate) fn fired(&self) -> Vec<Fired> {
        self.lock().fired.iter().cloned().collect()
    }

    pub(crate) fn fired_count(&self) -> u64 {
        self.lock().count
    }

    pub(super) async fn strike(&self, front: &Front, signed: &Signed, operation: &str) -> Strike {
        if !self.concerns(&signed.service, operation) {
            return Strike::None;
        }
        let identity = front.identity(&signed.access_key, &signed.region).await;
        let (effects, mut latency) =
            (self.effects(&signed.service, operation, &identity), Duration::ZERO);
        let mut strike = Strike::None;
        for (id, effect) in effects {
            match effect {
                Effect::Latency { ms } => latency += Duration::from_millis(ms),
                _ if !matches!(strike, Strike::None) => {}
                Effect::Throttle => strike = Strike::Throttle,
                Effect::Error { code, status, message } => {
                    strike = Strike::Error(AwsError::new(status, code, message));
                }
                Effect::ResetBefore => strike = Strike::ResetBefore,
                Effect::ResetAfter => strike = Strike::ResetAfter,
                Effect::HoldBefore => strike = Strike::HoldBefore(id),
                Effect::HoldAfter => strike = Strike::HoldAfter(id),
            }
        }
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        strike
    }

    /// Cheap: most calls meet no rule.
    fn concerns(&self, service: &str, operation: &str) -> bool {
        self.lock().armed.iter().any(|armed| armed.rule.concerns(service, operation))
    }

    fn effects(
        &self,
        service: &str,
        operation: &str,
        identity: &super::Identity,
    ) -> Vec<(String, Effect)> {
        let mut inner = self.lock();
        let Inner { armed, fired, count } = &mut *inner;
        let mut effects = Vec::new();
        for armed in armed.iter_mut() {
            let is_meant =
                armed.rule.concerns(service, operation) && armed.rule.is_caller(identity);
            if !is_meant {
                continue;
            }
            armed.seen += 1;
            if !armed.rule.is_due(armed.seen, armed.fired) {
                continue;
            }
            armed.fired += 1;
            *count += 1;
            if fired.len() == REMEMBERED {
                fired.pop_front();
            }
            fired.push_back(Fired {
                rule: armed.id.clone(),
                at: jiff::Timestamp::now(),
                service: service.into(),
                operation: operation.into(),
                account: identity.account.clone(),
                access_key: identity.access_key.clone(),
                effect: armed.rule.effect.clone(),
            });
            effects.push((armed.id.clone(), armed.rule.effect.clone()));
        }
        effects
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a service reports that it was called too often.
pub(super) fn throttle(protocol: Protocol, service: &str) -> AwsError {
    match (protocol, service) {
        (Protocol::Ec2, _) => AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        (_, "s3") => AwsError::new(503, "SlowDown", "Please reduce your request rate."),
        (_, "lambda") => AwsError::new(429, "TooManyRequestsException", "Rate Exceeded."),
        (Protocol::Query | Protocol::RestXml, _) => {
            AwsError::new(400, "Throttling", "Rate exceeded")
        }
        (Protocol::RestJson, _) => AwsError::new(429, "ThrottlingException", "Rate exceeded"),
        (Protocol::Json10 | Protocol::Json11 | Protocol::Cbor, _) => {
            AwsError::new(400, "ThrottlingException", "Rate exceeded")
        }
    }
}
