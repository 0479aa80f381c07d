//! `/_backburn/`: what the front does and did, its fault rules, and the credentials of instances. For this machine only, hence without a token.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode, http};
use serde_json::{Value, json};

use super::Front;
use super::body::{self, Body, Peeked};
use super::faults::Rule;
use super::metadata;

pub(super) const PREFIX: &str = "/_backburn/";
const LIMIT: usize = 64 << 10;

#[derive(Default)]
pub(super) struct Counts {
    calls: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) async fn answer(
    front: &Front,
    parts: &http::request::Parts,
    body: Body,
) -> Response<Body> {
    let path = parts.uri.path().trim_start_matches(PREFIX).trim_end_matches('/');
    let (name, id) = path.split_once('/').map_or((path, ""), |(name, id)| (name, id));
    match (parts.method.clone(), name, id) {
        (Method::GET, "status", "") => sent(StatusCode::OK, &status(front)),
        (Method::POST, "reset", "") => {
            front.forget();
            sent(StatusCode::OK, &json!({}))
        }
        (Method::GET, "faults", "") => {
            let faults = front.faults();
            sent(StatusCode::OK, &json!({ "rules": faults.rules(), "fired": faults.fired() }))
        }
        (Method::GET, "faults", id) => match front.faults().rule(id) {
            Some(told) => sent(StatusCode::OK, &told),
            None => sent(StatusCode::NOT_FOUND, &json!({ "error": "no such rule is in force" })),
        },
        (Method::POST, "faults", "") => match rule(front, body).await {
            Ok(rule) => sent(StatusCode::CREATED, &json!({ "id": front.faults().add(rule) })),
            Err(why) => sent(StatusCode::BAD_REQUEST, &told(&why)),
        },
        (Method::DELETE, "faults", "") => {
            front.faults().clear();
            sent(StatusCode::OK, &json!({}))
        }
        (Method::DELETE, "faults", id) if front.faults().remove(id) => {
            sent(StatusCode::OK, &json!({}))
        }
        (Method::GET, "instance-credentials", id) if !id.is_empty() => {
            let at = metadata::scope(front, parts.uri.query().unwrap_or_default()).await;
            match metadata::credentials(front, &at, id).await {
                Ok(document) => sent(StatusCode::OK, &document),
                Err((status, why)) => sent(status, &told(&why)),
            }
        }
        _ => sent(
            StatusCode::NOT_FOUND,
            &told("no such page: status, reset, faults, faults/ID, instance-credentials/INSTANCE"),
        ),
    }
}

async fn rule(front: &Front, body: Body) -> Result<Rule, String> {
    let Peeked::Whole(bytes, _held) = front.budget().peek(body, LIMIT).await else {
        return Err("the rule is too long".into());
    };
    let rule: Rule = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    rule.check()?;
    Ok(rule)
}

fn status(front: &Front) -> Value {
    let stand_ins: serde_json::Map<String, Value> = front.stands_in_for().into_iter().fold(
        serde_json::Map::new(),
        |mut all, (service, sentences)| {
            // Two stand-ins may share a service.
            if let Some(Value::Array(told)) = all.get_mut(&service) {
                told.extend(sentences.into_iter().map(Value::from));
            } else {
                all.insert(service, sentences.into());
            }
            all
        },
    );
    let counts = front.counts();
    let [raised, delivered, undelivered] = front.bus().counts();
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "upstream": front.upstream().endpoint(),
        "name": front.options().name,
        "clock": front.clock().factor(),
        "started": front.started(),
        "standIns": stand_ins,
        "passthrough": front.options().passthrough,
        "enforcement": front.enforcement().map(|enforcement| enforcement.tally().told()),
        "quotas": front.quotas().is_some(),
        "lost": front.lost(),
        "counts": {
            "calls": count(&counts.calls),
            "answeredByStandIns": count(&counts.answered),
            "refused": count(&counts.refused),
            "recorded": front.trail().count(),
            "eventsRaised": raised,
            "eventsDelivered": delivered,
            "eventsLost": undelivered,
            "faultsFired": front.faults().fired_count(),
        },
    })
}

fn told(text: &str) -> Value {
    json!({ "error": text })
}

fn sent(status: StatusCode, value: &Value) -> Response<Body> {
    let mut answer = Response::new(body::full(format!("{value}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
