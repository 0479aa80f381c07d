//! Waiting for a detection: an operation that starts nothing, reads repeatedly, and reports in
//! the end what was received and when. Owns the reading; the content of an event is `event`, what all of them
//! come to is `score`.
//!
//! Nothing read is removed: a message stays in its queue, which release deletes. So a run
//! that was cut off reads it again, and the deadline, counted from a journaled moment on AWS's
//! clock, is the same.

mod alarms;
mod calls;
mod event;
mod findings;
mod permissions;
mod queue;
mod raw;
pub mod score;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use tokio::time::Instant;

use self::{
    permissions::*,
    score::{Clocks, Event, Judged, Outcome},
};
use crate::{
    aws::{kit::*, service::Service},
    engine::Registry,
};

pub(super) const SERVICE: Service = Service::new("drill", register);

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with_operation::<Detection>().with_operation::<super::tried::Tries>()
}

operation! {
    /// One expected detection of a drill.
    #[serde(rename_all = "kebab-case")]
    pub struct Detection {
        pub name: String,
        pub from: Origin,
        /// What an event must name to count: an id, a name or an ARN.
        pub resource: String,
        /// RFC 3339, on AWS's clock: when the fault took effect.
        pub since: String,
        pub within: Duration,
        /// A sample finding ends the wait: only the way it came is to be shown.
        #[serde(default)]
        pub sample_is_enough: bool,
        /// Ids of the sample findings that the drill made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub samples: Vec<String>,
        #[serde(skip)]
        pub memory: Memory,
    }
    "drill.detection" = Detected, target "{name}";
    uses [
        RECEIVE_MESSAGE, LOOKUP_EVENTS, DESCRIBE_ALARMS, DESCRIBE_ALARM_HISTORY, LIST_DETECTORS,
        LIST_FINDINGS, GET_FINDINGS,
    ];
    leaves "nothing: it only looks", planned Detected::planned(since.clone());
    looks;
}

/// What one look found.
#[derive(Debug, Default)]
struct Looked {
    events: Vec<Event>,
    /// There was more than is read, and what it was is not known.
    cut_off: bool,
}

impl From<Vec<Event>> for Looked {
    fn from(events: Vec<Event>) -> Self {
        Self { events, cut_off: false }
    }
}

/// Where a detection is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A queue that an EventBridge rule feeds.
    Queue { url: String },
    /// CloudTrail's event history, for calls of these names.
    Calls { names: Vec<String> },
    /// One CloudWatch alarm and the state that counts.
    Alarm { name: String, state: String },
    /// GuardDuty's findings, of these types or of any.
    Findings { types: Vec<String> },
}

/// What this process has seen so far. Not journaled: what counts is read again.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    since: Option<Instant>,
    events: BTreeMap<String, Event>,
}

impl Memory {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a detection. Times are RFC 3339 on AWS's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Detected {
    /// `pass`, `late`, `missed`, `wrong-resource`, `plumbing-only` or `cut-off`.
    pub outcome: String,
    /// Somebody was told: it came, in time or late, or a sample that is enough did. Null where that is not
    /// known.
    #[serde(default)]
    pub detected: Option<bool>,
    /// When the fault took effect.
    pub since: String,
    /// When the event that decided was created.
    pub created: Option<String>,
    /// When it was received.
    pub received: Option<String>,
    /// From `since` to `created`; negative where a clock of whole seconds was behind.
    pub seconds_to_created: Option<f64>,
    /// From `since` to `received`.
    pub seconds_to_received: Option<f64>,
    /// The event that decided.
    pub detection: Option<What>,
    /// How many events matched since the fault.
    pub seen: u64,
    /// The outcome in a sentence.
    pub detail: String,
}

/// An event, finding or recorded call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct What {
    /// The source's own id of it.
    pub id: String,
    /// Type of the finding, name of the call or the alarm, detail type of any other event.
    pub r#type: String,
    /// Its own description.
    pub title: String,
}

/// A message that was received stays hidden so long. Short, as a run that was cut off must see it
/// again, and longer than one look takes.
const HIDDEN: Duration = Duration::from_secs(5);

impl Detected {
    fn planned(since: String) -> Self {
        Self {
            outcome: AFTER_RUN.into(),
            detected: None,
            since,
            created: Some(AFTER_RUN.into()),
            received: Some(AFTER_RUN.into()),
            seconds_to_created: None,
            seconds_to_received: None,
            detection: None,
            seen: 0,
            detail: AFTER_RUN.into(),
        }
    }
}

impl Operation<Aws> for Detection {
    /// There is nothing to find: a start that was cut off is made again.
    async fn find(&self, _: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        Ok(Some(self.from.job()))
    }

    async fn start(&self, _: &Aws, _: &Token) -> Result<String, CallError> {
        Ok(self.from.job())
    }

    async fn poll(&self, aws: &Aws, _: &str) -> Result<Progress<Detected>, CallError> {
        let since: Timestamp = self.since.parse().map_err(|e| {
            let text = format!("`since` is `{}`, which is no moment: {e}", self.since);
            CallError::local(Self::KIND, Class::Invalid, text)
        })?;
        let is_first = self.memory.seen().since.is_none();
        let begun = *self.memory.seen().since.get_or_insert_with(Instant::now);
        let found = self.from.look(aws, &self.resource, since).await?;
        let now = aws.now().await?;
        let Looked { events: found, cut_off } = found;
        let mut clocks = Clocks { since, within: self.within, now, settled: true, cut_off };
        let is_kept = matches!(self.from, Origin::Queue { .. });
        if is_kept {
            // What the process before this one received may still be hidden.
            clocks.settled = begun.elapsed() > HIDDEN + Duration::from_secs(1);
        }
        let mut seen = self.memory.seen();
        for event in found {
            // What somebody else made to try their way says nothing of this one.
            let sample = event.sample && self.is_mine(&event.name);
            // Nobody looked before the deadline, so when it could have been read is not known.
            let unseen = is_first && !is_kept && now > clocks.deadline();
            let received = if unseen { event.created } else { event.received };
            let event = Event { received, sample, ..event };
            match seen.events.get(&event.id) {
                Some(known) if known.received <= received => {}
                _ => drop(seen.events.insert(event.id.clone(), event)),
            }
        }
        let events: Vec<&Event> = seen.events.values().collect();
        let judged = score::judge(&events, &clocks);
        let enough = || self.sample_is_enough.then(|| score::sample(&events, &clocks)).flatten();
        Ok(match judged.or_else(enough) {
            Some(judged) => Progress::Done(self.detected(&judged, &clocks)),
            None => Progress::Running {
                percent: None,
                note: score::note(&events, &self.resource, &clocks),
            },
        })
    }

    async fn discard(&self, _: &Aws, _: &str) -> Result<bool, CallError> {
        Ok(true)
    }
}

impl Origin {
    fn job(&self) -> String {
        match self {
            Self::Queue { url } => url.clone(),
            Self::Calls { names } => format!("CloudTrail events {}", names.join(", ")),
            Self::Alarm { name, state } => format!("alarm {name} in {state}"),
            Self::Findings { types } if types.is_empty() => "GuardDuty findings".into(),
            Self::Findings { types } => format!("GuardDuty findings {}", types.join(", ")),
        }
    }

    async fn look(&self, aws: &Aws, resource: &str, since: Timestamp) -> Result<Looked, CallError> {
        let about = event::About { resource, since };
        Ok(match self {
            Self::Queue { url } => queue::look(aws, url, &about).await?.into(),
            Self::Calls { names } => calls::look(aws, names, &about).await?,
            Self::Alarm { name, state } => alarms::look(aws, name, state, &about).await?.into(),
            Self::Findings { types } => findings::look(aws, types, &about).await?.into(),
        })
    }
}

impl Detection {
    /// Whether a sample finding is one that the drill made; Security Hub has its ARN.
    fn is_mine(&self, sample: &str) -> bool {
        let id = sample.rsplit('/').next().unwrap_or(sample);
        self.samples.iter().any(|mine| mine == id)
    }

    fn detected(&self, judged: &Judged<'_>, clocks: &Clocks) -> Detected {
        let since = clocks.since;
        let seconds = |at: Timestamp| at.duration_since(since).as_secs_f64();
        let event = judged.event;
        Detected {
            outcome: judged.outcome.word().into(),
            detected: Some(match judged.outcome {
                Outcome::Pass | Outcome::Late => true,
                Outcome::PlumbingOnly => self.sample_is_enough,
                Outcome::Missed | Outcome::WrongResource | Outcome::CutOff => false,
            }),
            since: self.since.clone(),
            created: event.map(|event| event.created.to_string()),
            received: event.map(|event| event.received.to_string()),
            seconds_to_created: event.map(|event| seconds(event.created)),
            seconds_to_received: event.map(|event| seconds(event.received)),
            detection: event.map(|event| What {
                id: event.name.clone(),
                r#type: event.kind.clone(),
                title: event.title.clone(),
            }),
            seen: judged.seen,
            detail: self.detail(judged, clocks),
        }
    }

    fn detail(&self, judged: &Judged<'_>, clocks: &Clocks) -> String {
        let resource = &self.resource;
        let by = self.within.as_secs_f64();
        let after = judged
            .event
            .map_or(0.0, |event| event.received.duration_since(clocks.since).as_secs_f64());
        let what = judged.event.map_or("", |event| event.kind.as_str());
        match judged.outcome {
            Outcome::Pass => format!("`{what}` named `{resource}` after {after:.1} s of {by} s"),
            Outcome::Late => {
                format!("`{what}` named `{resource}` after {after:.1} s, later than {by} s")
            }
            Outcome::WrongResource => format!(
                "{} came within {} s, and none of them named `{resource}`; the last was `{what}`",
                judged.seen,
                clocks.longest().as_secs_f64()
            ),
            Outcome::PlumbingOnly => format!(
                "only sample findings came, such as `{what}`: the way is open, and nothing was detected"
            ),
            Outcome::CutOff => format!(
                "cut off: there were more events than are read, none of the {} that were read named `{resource}`, and whether another did is not known; look in CloudTrail by hand",
                judged.seen
            ),
            Outcome::Missed => {
                format!("nothing that matches came within {} s", clocks.longest().as_secs_f64())
            }
        }
    }
}

#[cfg(test)]
#[path = "looks_tests.rs"]
mod tests;
