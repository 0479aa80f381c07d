//! CloudWatch metric alarms. The upstream keeps them; the front evaluates them, sets their state there and notifies
//! whom they name. Composite alarms and alarm history are not its business.

mod alarm;
mod cbor;
mod evaluate;
mod metrics;
mod notice;
mod reason;
mod status_check;
#[cfg(test)]
mod tests;
mod traffic;
mod upstream;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::evaluate::State;
use super::wire::Protocol;
use super::{Answer, AwsError, Call, Front, Scope, StandIn};

/// What the store calls an account and Region with alarms.
const KIND: &str = "alarms.watched";
/// A state set by hand lasts until the next evaluation, but at least this long, however fast the lab's clock.
const HOLD: Duration = Duration::from_secs(5);

/// Evaluation of alarms, for an upstream that keeps them only.
#[derive(Default)]
pub(crate) struct Alarms {
    is_upstreams: bool,
    holds: Holds,
    running: Arc<Mutex<Vec<Scope>>>,
}

impl Alarms {
    /// `does_evaluate`: the upstream evaluates alarms itself (LocalStack, ministack), and all calls pass through.
    pub(crate) fn new(does_evaluate: bool) -> Self {
        Self { is_upstreams: does_evaluate, ..Self::default() }
    }

    fn watch(&self, front: &Front, at: &Scope) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.contains(at) {
            running.push(at.clone());
            front.spawn(watch::watch(front.clone(), at.clone(), self.holds.clone()));
        }
    }

    /// Watches an account and Region from now on, even after a restart.
    fn remember(&self, front: &Front, at: &Scope) {
        if !front.store().scopes(KIND).contains(at) {
            front.store().put(at, KIND, "all", &true);
        }
        self.watch(front, at);
    }

    /// AWS begins with `INSUFFICIENT_DATA` and keeps the state of an alarm that is changed; moto sets `OK` in both cases.
    async fn put(&self, call: &Call, front: &Front) -> Result<Answer, AwsError> {
        let name = call.required("AlarmName")?;
        let session = front.as_caller(call);
        let before = upstream::alarms(&session, Some(name)).await?.pop();
        let answer = front.forward(call).await;
        if !answer.is_success() {
            return Ok(answer);
        }
        let standing = before.map_or_else(
            || upstream::standing(State::Insufficient, alarm::UNCHECKED.into(), String::new()),
            |alarm| alarm.standing,
        );
        upstream::set(&session, name, &standing).await?;
        self.remember(front, &call.scope);
        Ok(answer)
    }

    /// The front's own handling of a call; `None` if the upstream handles it alone.
    async fn own(&self, call: &Call, front: &Front) -> Option<Answer> {
        match call.operation.as_str() {
            "PutMetricAlarm" => Some(self.put(call, front).await.into()),
            "SetAlarmState" => Some(self.set(call, front).await.into()),
            "DescribeAlarms" => {
                self.remember(front, &call.scope);
                None
            }
            // moto breaks off with a fault of its own, which clients would try again and again.
            "DescribeAlarmHistory" => {
                Some(AwsError::new(501, "NotImplemented", "the lab keeps no alarm history").into())
            }
            _ => None,
        }
    }

    /// A state set by hand is published like any other.
    async fn set(&self, call: &Call, front: &Front) -> Result<Answer, AwsError> {
        let name = call.required("AlarmName")?;
        let session = front.as_caller(call);
        let alarm = upstream::alarms(&session, Some(name)).await?.pop();
        let text = |member: &str| call.text(member).unwrap_or_default().to_owned();
        self.holds.hold(&call.scope, name);
        let answer = front.forward(call).await;
        if answer.is_success()
            && let (Some(alarm), Some(state)) = (alarm, State::of(&text("StateValue")))
        {
            self.remember(front, &call.scope);
            if alarm.standing.state != state {
                let new = upstream::standing(state, text("StateReason"), text("StateReasonData"));
                upstream::announce(front, &session, &alarm, &new).await;
            }
        }
        Ok(answer)
    }
}

/// Alarms whose state was just set by hand.
#[derive(Clone, Default)]
struct Holds(Arc<Mutex<HashMap<(Scope, String), Instant>>>);

impl Holds {
    fn hold(&self, at: &Scope, alarm: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, since| since.elapsed() < HOLD);
        held.insert((at.clone(), alarm.to_owned()), Instant::now());
    }

    fn is_held(&self, at: &Scope, alarm: &str) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&(at.clone(), alarm.to_owned())).is_some_and(|since| since.elapsed() < HOLD)
    }
}

impl StandIn for Alarms {
    fn service(&self) -> &'static str {
        "monitoring"
    }

    fn operations(&self) -> &'static [&'static str] {
        if self.is_upstreams { &[] } else { cbor::OPERATIONS }
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        if self.is_upstreams {
            return &[];
        }
        &[
            "CloudWatch metric alarms are evaluated by the front on the upstream's metric data, and notify SNS topics and EventBridge; percentiles, anomaly detection, composite alarms, history and other actions are missing, and expressions are only as good as the upstream's (moto: none)",
            "the lab's clock shortens an alarm's periods (to a second at least), not the timestamps of its data",
            "AWS/EC2 StatusCheckFailed of instances that an alarm names is put by the front: 0 while they run, nothing once they are stopped",
        ]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        if call.protocol != Protocol::Cbor {
            return self.own(call, front).await;
        }
        let query = cbor::as_query(call);
        let answer = match self.own(&query, front).await {
            Some(answer) => answer,
            None => front.forward(&query).await,
        };
        Some(cbor::as_members(&call.operation, answer))
    }

    async fn begin(&self, front: &Front) -> Vec<String> {
        for at in front.store().scopes(KIND) {
            self.watch(front, &at);
        }
        Vec::new()
    }
}
