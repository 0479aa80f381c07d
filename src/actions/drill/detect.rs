//! Wait for a detection and report its outcome, with three timestamps of AWS: when the fault took
//! effect (`since`), when the event was created, and when it was received.
//!
//! | outcome | means |
//! |---|---|
//! | `pass` | an event that names `resource` was received by `since` + `within` |
//! | `late` | it was received after that, within the same time again (at least 10 s) |
//! | `missed` | no matching event was received |
//! | `wrong-resource` | the events received named other resources |
//! | `cut-off` | there were more recorded calls than are read (250 of each name), and none of those that were read named `resource`: whether one did is not known |
//! | `plumbing-only` | only sample findings of GuardDuty that the drill made itself (`samples`) were received: they show that the delivery path works, not that anything was detected |
//!
//! Events that were created before `since` do not count (2 s are allowed for clocks that count
//! whole seconds). A finding is as old as the last activity that it is about (`service.eventLastSeen`), however
//! often it is sent again. Sample findings that the drill did not make count as events of another resource. An event names the resource when the whole of one of its texts is `resource`, or
//! the last part of an ARN in it is. The step succeeds whatever the outcome; it fails when it may
//! not look, when there is nothing to look at, or when GuardDuty is off.
//!
//! Events wait in the queue of `drill.watch`, and count as received when they came into it. Nothing
//! is taken out of the queue, so an interrupted run judges by the same messages and the same
//! deadline. Without a queue AWS is asked again and again: CloudTrail's event history (up to two
//! lookups a second, and minutes behind the call), the alarm with its history, or GuardDuty's
//! findings. There, received is when the answer first had it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>
//!
//! ```yaml
//! trail-stopped:
//!   uses: drill.detect
//!   with:
//!     name: trail-stopped
//!     source: guardduty
//!     resource: ${{ inputs.trail }}
//!     since: ${{ steps.fault-in-effect.at }}
//!     within: 15m
//!     queue-url: ${{ steps.watch-trail.queue-url }}
//! ```

use std::time::Duration as Time;

use super::{
    source::{Match, Source},
    watch::in_region,
};
use crate::{
    actions::kit::*,
    aws::detection::{Detected, Detection, Memory, Origin},
    playbook::types::{Duration, Region, is_placeholder},
};

/// Inputs of `drill.detect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Detect {
    /// Name of the detection, used once in a step.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What should detect.
    pub source: Source,
    /// What binds the detection to the drill's own resource: an id, a name or an ARN, as the event
    /// has it.
    #[schemars(length(min = 1))]
    pub resource: String,
    /// How long it may take.
    pub within: Duration,
    /// When the fault took effect, as RFC 3339 on AWS's clock (`drill.mark`).
    pub since: String,
    /// The queue of `drill.watch`.
    #[serde(default)]
    pub queue_url: Option<String>,
    /// Where to look: `events` when `queue-url` is given, `poll` otherwise.
    #[serde(default)]
    pub via: Option<Via>,
    /// What to poll for; with `events`, the rule of `drill.watch` has chosen already.
    #[serde(default)]
    pub r#match: Option<Match>,
    /// End with `plumbing-only` at the first sample finding, instead of waiting for a real one.
    #[serde(default)]
    pub sample_is_enough: bool,
    /// Ids of the sample findings that the drill made, a list for each step that made some. Every other
    /// sample is somebody else's.
    #[serde(default)]
    pub samples: Vec<Vec<String>>,
    /// Where the queue is, or where to poll; the run's Region when left out.
    #[serde(default)]
    pub region: Option<Region>,
}

/// How a detection is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// In the queue of `drill.watch`.
    Events,
    /// By asking the source.
    Poll,
}

impl Action for Detect {
    const SPEC: Spec = spec! {
        "drill.detect": "Wait for a detection and report its outcome";
        Verify;
        uses [operation Detection];
    };
    type Output = Detected;

    async fn run(&self, step: &Step<Aws>) -> Result<Detected, StepError> {
        let from = self.origin().map_err(StepError::Refused)?;
        self.check_since()?;
        if self.within.as_std() == Time::ZERO && !self.within.is_placeholder() {
            return Err(StepError::Refused(
                "`within` is no time at all: nothing could pass".into(),
            ));
        }
        if self.resource.trim().is_empty() {
            let text = "`resource` is empty: a detection that names nothing cannot be distinguished from any other";
            return Err(StepError::Refused(text.into()));
        }
        let detection = Detection {
            name: self.name.clone(),
            from,
            resource: self.resource.clone(),
            since: self.since.clone(),
            within: self.within.as_std(),
            sample_is_enough: self.sample_is_enough,
            samples: self.samples.concat(),
            memory: Memory::default(),
        };
        in_region(step, self.region.as_ref())?.start(detection).await
    }
}

impl Detect {
    fn check_since(&self) -> Result<(), StepError> {
        if is_placeholder(&self.since) || self.since.parse::<jiff::Timestamp>().is_ok() {
            return Ok(());
        }
        Err(StepError::Refused(format!(
            "`since` is `{}`, which is no moment, such as `2026-11-24T10:00:00Z`; take it from `drill.mark`",
            self.since
        )))
    }

    fn origin(&self) -> Result<Origin, String> {
        let matching = self.r#match.clone().unwrap_or_default();
        matching.check(self.source)?;
        let via = self.via.unwrap_or(match self.queue_url {
            Some(_) => Via::Events,
            None => Via::Poll,
        });
        let needs =
            |what: &str| format!("to poll `{}`, `{what}` must be given", self.source.word());
        match (via, self.source) {
            (Via::Events, _) => match &self.queue_url {
                Some(url) => Ok(Origin::Queue { url: url.clone() }),
                None => Err("`via: events` needs the `queue-url` of a `drill.watch`".into()),
            },
            (Via::Poll, Source::Cloudtrail) if matching.event_names.is_empty() => {
                Err(needs("match.event-names"))
            }
            (Via::Poll, Source::Cloudtrail) => Ok(Origin::Calls { names: matching.event_names }),
            (Via::Poll, Source::CloudwatchAlarm) => {
                let name = matching.alarm.ok_or_else(|| needs("match.alarm"))?;
                let state = matching.state.unwrap_or_default().word().into();
                Ok(Origin::Alarm { name, state })
            }
            (Via::Poll, Source::Guardduty) => Ok(Origin::Findings { types: matching.types }),
            (Via::Poll, Source::Eventbridge | Source::SecurityHub) => Err(format!(
                "`{}` cannot be polled: put a `drill.watch` before the fault and give its `queue-url`",
                self.source.word()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        actions::testing::plan,
        aws::replay::{Replay, aws},
        engine::plan::PlanState,
    };

    async fn planned(change: Value) -> crate::engine::plan::PlannedStep {
        let mut inputs = json!({ "name": "trail", "source": "guardduty", "resource": "main",
            "within": "15m", "since": "(known after run)" });
        let map = inputs.as_object_mut().expect("a mapping");
        map.extend(change.as_object().expect("a mapping").clone());
        plan(aws(&Replay::default()), "drill.detect", inputs).await
    }

    async fn refused(change: Value) -> String {
        match planned(change).await.state {
            PlanState::Refused(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_plan_shows_what_is_waited_for() {
        let step = planned(json!({ "queue-url": "(known after run: queue q)" })).await;
        assert_eq!(step.state, PlanState::Planned, "{step:#?}");
        let from = json!({ "queue": { "url": "(known after run: queue q)" } });
        assert_eq!(step.operations[0].operation["from"], from);
        let step = planned(json!({})).await;
        assert_eq!(step.operations[0].operation["from"], json!({ "findings": { "types": [] } }));
        let alarm = json!({ "source": "cloudwatch-alarm", "match": { "alarm": "cpu" } });
        let step = planned(alarm).await;
        assert_eq!(step.operations[0].operation["from"]["alarm"]["state"], "ALARM");
    }

    #[tokio::test]
    async fn what_can_never_be_detected_is_refused_in_the_plan() {
        for (change, part) in [
            (json!({ "source": "eventbridge" }), "cannot be polled"),
            (json!({ "source": "cloudtrail" }), "`match.event-names` must be given"),
            (json!({ "via": "events" }), "needs the `queue-url`"),
            (json!({ "since": "noon" }), "is no moment"),
            (json!({ "within": "0s" }), "no time at all"),
            (json!({ "resource": " " }), "names nothing"),
            (json!({ "match": { "alarm": "cpu" } }), "means nothing to the source"),
        ] {
            let why = refused(change).await;
            assert!(why.contains(part), "{why}");
        }
    }
}
