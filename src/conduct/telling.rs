//! From the configuration to an office that delivers a run's notifications, and back to what people
//! read of it. Owns the way to SNS.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    aws::{Aws, publish},
    crash_matrix::Rehearsal,
    engine::{Class, Event, Events, Verdict},
    journal::{Journal, Record},
    notify::{
        self, Address, Deliver, Notification, Office, Outcome, Refusal, Resolved, Rhythm, http,
        payload,
    },
    report::plan::plural,
    text::{json as harmless, line},
};

use super::Context;

/// An SNS topic, published to as the run's principal.
struct Topic {
    aws: Aws,
    arn: String,
    region: String,
}

impl Deliver for Topic {
    fn deliver<'a>(&'a self, told: &'a Notification) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let (subject, text) = payload::mail(told);
            let data = harmless(&payload::webhook(told).to_string());
            let message = publish::Message {
                subject: &subject,
                text: &text,
                data: &data,
                event: &told.event,
                id: &told.id,
                group: &told.run.id,
            };
            let sent = publish::publish(&self.aws, &self.arn, &self.region, &message).await;
            sent.map_err(|error| {
                let again = matches!(error.class, Class::Throttled | Class::Unreachable);
                Refusal { why: error.to_string(), again, after: None }
            })
        })
    }
}

/// How to reach a target; none if it cannot be reached at all.
pub(crate) fn way(target: &mut Resolved, aws: Option<&Aws>) -> Option<Arc<dyn Deliver>> {
    let made: Result<Arc<dyn Deliver>, String> = match &target.address {
        Err(_) => return None,
        Ok(Address::Topic { arn, region }) => match aws {
            Some(aws) => {
                Ok(Arc::new(Topic { aws: aws.clone(), arn: arn.clone(), region: region.clone() }))
            }
            None => Err("AWS cannot be reached".into()),
        },
        Ok(address) => http::Webhook::new(address).map(|one| Arc::new(one) as Arc<dyn Deliver>),
    };
    made.map_err(|why| target.address = Err(why)).ok()
}

/// How a run notifies its targets. Targets that cannot be notified are reported when the run is introduced.
pub(crate) struct Plan {
    targets: Vec<(Resolved, Option<Arc<dyn Deliver>>)>,
    left: Vec<String>,
}

impl Plan {
    pub(crate) fn of(context: &Context, aws: &Aws) -> Self {
        // A crash matrix runs a playbook hundreds of times.
        if Rehearsal::asked().is_some() {
            return Self { targets: Vec::new(), left: Vec::new() };
        }
        let found = context.configuration();
        let (targets, left) = notify::resolve(found.config(), found.folder(), aws.is_local());
        let targets = targets.into_iter().map(|mut target| {
            let way = way(&mut target, Some(aws));
            (target, way)
        });
        Self { targets: targets.collect(), left }
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.targets.iter().flat_map(|(target, _)| target.secrets()).collect()
    }

    /// Lines that a responder should have seen before the run.
    pub(crate) fn lines(&self) -> Vec<String> {
        let left = self.left.iter().map(|name| {
            format!(
                "notifications: `{name}` is skipped, a run in the lab notifies nobody outside this machine (`from-lab = true` allows it)"
            )
        });
        let lost = self.targets.iter().filter_map(|(target, _)| {
            let why = target.address.as_ref().err()?;
            Some(format!("notifications: `{}` cannot be notified: {why}", target.name))
        });
        left.chain(lost).collect()
    }

    pub(crate) fn open(self, journal: Journal, told: &[Record], events: Events) -> Office {
        let say = move |text: &str| {
            events.send(Event::Note { step: "notifications".into(), text: text.into() });
        };
        Office::open(self.targets, Some(journal), told, Rhythm::default(), say)
    }
}

/// Passes events on to `shown`, and notifies of each verdict that is not proven.
pub(crate) async fn listen(
    mut events: mpsc::UnboundedReceiver<Event>,
    shown: Events,
    office: Arc<Office>,
) {
    while let Some(event) = events.recv().await {
        if let Event::Verdict { step, subject, verdict } = &event {
            not_proven(&office, step, subject, verdict);
        }
        shown.send(event);
    }
}

/// Once for each verdict, whoever reports it first.
pub(crate) fn not_proven(office: &Office, step: &str, subject: &str, verdict: &Verdict) {
    if *verdict == Verdict::Proven {
        return;
    }
    let subject = office.redact(subject);
    let reason = verdict.reason().map(|reason| office.redact(reason));
    office.tell(|about| {
        Notification::not_proven(about, step, &subject, verdict.word(), reason.as_deref())
    });
}

/// The results of the notifications, for a summary; empty if there were none.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    if outcomes.is_empty() {
        return String::new();
    }
    let told = outcomes.iter().filter(|one| one.why.is_none()).count();
    let mut text = String::new();
    line!(text, "  notified: {}", plural(told, "notification"));
    for one in outcomes {
        if let Some(why) = &one.why {
            line!(text, "  not notified: `{}` of {}: {why}", one.target, one.event);
        }
    }
    text
}

pub(crate) fn json(outcomes: &[Outcome]) -> Value {
    let failed = outcomes.iter().filter_map(|one| {
        let why = one.why.as_ref()?;
        Some(json!({ "target": one.target, "event": one.event, "why": why }))
    });
    let failed: Vec<_> = failed.collect();
    json!({ "told": outcomes.len() - failed.len(), "not-told": failed })
}
