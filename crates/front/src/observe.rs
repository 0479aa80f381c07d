//! What follows a call that was answered: its CloudTrail record and the events on the default bus.

use bytes::Bytes;
use hyper::HeaderMap;

use super::events::{self, Event};
use super::{Call, Front};
use super::{cloudtrail, enforce};

/// A service that acts under a role: FIS under an experiment's role.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    /// `fis.amazonaws.com`.
    pub service: String,
    pub role_arn: String,
    pub session_name: String,
}

/// How a call ended.
pub(super) struct Outcome<'a> {
    pub status: u16,
    pub headers: &'a HeaderMap,
    /// `None` when it was too long to be read.
    pub body: Option<&'a Bytes>,
}

/// Whether a call of a stand-in's own leaves a trace: those on behalf of a service, and changes of an instance's state.
pub(super) fn is_seen(service: &str, operation: &str, acting: Option<&Acting>) -> bool {
    let is_recorded = acting.is_some() && !cloudtrail::is_data(service, operation);
    is_recorded || events::is_state_call(service, operation)
}

/// A client's call.
pub(super) fn client_call(front: &Front, call: &Call, outcome: &Outcome<'_>) {
    record(front, call, outcome, None);
    states(front, call, outcome);
    if let Some(body) = outcome.body.filter(|_| outcome.status < 300) {
        front.identities().learn(front, call, body);
    }
}

/// A stand-in's own call.
pub(super) fn own_call(front: &Front, call: &Call, outcome: &Outcome<'_>, acting: Option<&Acting>) {
    if acting.is_some() {
        record(front, call, outcome, acting);
    }
    states(front, call, outcome);
}

fn record(front: &Front, call: &Call, outcome: &Outcome<'_>, acting: Option<&Acting>) {
    if cloudtrail::is_data(&call.service, &call.operation) {
        return;
    }
    let mut event = cloudtrail::event(call, outcome, acting);
    if acting.is_none() {
        enforce::mark_session(front, &call.identity.access_key, &mut event["userIdentity"]);
    }
    let source = format!("aws.{}", call.service);
    let detail_type = "AWS API Call via CloudTrail";
    front.raise(Event::new(&call.scope, &source, detail_type, event.clone()));
    front.trail().record(&call.scope, &event);
}

fn states(front: &Front, call: &Call, outcome: &Outcome<'_>) {
    if outcome.status < 300
        && events::is_state_call(&call.service, &call.operation)
        && let Some(body) = outcome.body
    {
        for event in events::state_changes(&call.scope, &call.operation, body) {
            front.raise(event);
        }
    }
}
