//! Listen for a detection before anything is injected: an EventBridge rule on the default bus, and
//! a queue of its own that keeps what matches until `drill.detect` has judged it.
//!
//! The queue is encrypted with SQS's own keys and takes messages from that one rule only. Rule and
//! queue are removed on release. A rule may need some moments until it matches, so put this
//! step well before the fault.
//!
//! Where events come from: calls reach EventBridge through CloudTrail, which needs a trail that
//! logs management events, and those of IAM and other global services reach `us-east-1` only (see
//! `region`). Calls that only read are left out unless `event-names` names one of them. GuardDuty
//! sends a finding's repeats once in 15 minutes to 6 hours, and nothing that a suppression rule
//! archives.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
//!
//! ```yaml
//! watch-trail:
//!   uses: drill.watch
//!   with:
//!     name: trail-stopped
//!     source: guardduty
//!     match:
//!       types: ["Stealth:IAMUser/CloudTrailLoggingDisabled"]
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::source::{Match, Source, pattern_for, wants_reads};
use crate::{
    actions::kit::*,
    aws::{
        events::{EventRule, RuleIs},
        owned::Owner,
        sqs::{Queue, QueueIs},
    },
    engine::AFTER_RUN,
    playbook::types::{Region, is_placeholder},
};

/// Inputs of `drill.watch`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Watch {
    /// Name of the detection, a part of the names of rule and queue: at most 44 letters, digits,
    /// `-` and `_`, used once in a run.
    pub name: String,
    /// What should detect.
    #[serde(default = "eventbridge")]
    pub source: Source,
    /// What tells the detection apart from others of its source.
    #[serde(default)]
    pub r#match: Option<Match>,
    /// An event pattern instead of `match`; the source `eventbridge` needs one.
    #[serde(default)]
    pub pattern: Option<Map<String, Value>>,
    /// Where the events come; the run's Region when left out. `us-east-1` for calls of IAM.
    #[serde(default)]
    pub region: Option<Region>,
}

/// Where the calls of global services are recorded.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>
const GLOBAL: &str = "us-east-1";

fn eventbridge() -> Source {
    Source::Eventbridge
}

/// Outputs of `drill.watch`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Watching {
    /// Where the matching events wait.
    pub queue_url: String,
    /// Name of the rule.
    pub rule: String,
}

impl Action for Watch {
    const SPEC: Spec = spec! {
        "drill.watch": "Listen for a detection on the event bus";
        Verify;
        uses [setting Queue, setting EventRule];
    };
    type Output = Watching;

    async fn run(&self, step: &Step<Aws>) -> Result<Watching, StepError> {
        check_name(&self.name)?;
        let pattern = pattern_for(self.source, self.r#match.as_ref(), self.pattern.as_ref())
            .map_err(StepError::Refused)?;
        let own = &step.world().scope().region;
        if self.source == Source::Cloudtrail && self.region.is_none() && own != GLOBAL {
            step.note(format!(
                "calls of IAM and other global services arrive in {GLOBAL} alone, and this rule listens in {own}: give `region: {GLOBAL}` if it waits for one of theirs"
            ))
            .await?;
        }
        let step = &in_region(step, self.region.as_ref())?;
        let name = scaffold(step.run(), &self.name);
        let owner = Owner { run: step.run().into(), step: step.id().into() };
        let queue = Queue { name: name.clone(), owner: owner.clone() };
        let rule = EventRule { name: name.clone(), owner };
        let (queue_arn, rule_arn) = (queue.arn(step.world()), rule.arn(step.world()));

        // The queue first: the rule that is put then has where to send to, and release takes the
        // rule away before it.
        let made = step.set(queue, Some(QueueIs::fed_by(&rule_arn, &queue_arn))).await?;
        let state = match wants_reads(&pattern) {
            true => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            false => "ENABLED",
        };
        let targets = BTreeMap::from([("queue".into(), queue_arn)]);
        step.set(rule, Some(RuleIs { pattern, state: state.into(), targets })).await?;
        let url = made.and_then(|queue| queue.url);
        let open = || AFTER_RUN.replace(')', &format!(": queue {name})"));
        Ok(Watching { queue_url: url.unwrap_or_else(open), rule: name.clone() })
    }
}

/// The same step, calling in `region`.
pub(super) fn in_region(step: &Step<Aws>, region: Option<&Region>) -> Result<Step<Aws>, StepError> {
    match region {
        None => Ok(step.clone()),
        Some(region) if region.is_placeholder() => {
            Err(StepError::Open("calls in a Region that an earlier step gives".into()))
        }
        Some(region) => Ok(step.in_region(region.as_ref())),
    }
}

pub(super) fn check_name(name: &str) -> Result<(), StepError> {
    if is_placeholder(name) {
        return Err(StepError::Open("has a name that an earlier step gives".into()));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match (1..=44).contains(&name.len()) && name.chars().all(good) {
        true => Ok(()),
        false => Err(StepError::Refused(format!(
            "`{name}` cannot be a part of the names of a rule and a queue; give 1 to 44 letters, digits, `-` and `_`"
        ))),
    }
}

/// Name of what listens for `name` in `run`: a rule's has at most 64 characters, a queue's 80. The
/// end of a ULID is its random part.
fn scaffold(run: &str, name: &str) -> String {
    let from = run.len().saturating_sub(10);
    let end = run.get(from..).unwrap_or(run).to_lowercase();
    format!("backburn-{end}-{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        actions::testing::plan,
        aws::replay::{Replay, aws},
        engine::plan::PlanState,
    };

    const NO_QUEUE: &str = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}"#;
    const NO_RULE: &str = r#"{"__type":"ResourceNotFoundException","message":"none"}"#;

    #[test]
    fn names_fit_both_services() {
        let name = scaffold("01JZZZZZZZABCDEFGHJKMNPQRS", &"x".repeat(44));
        assert_eq!(name.len(), 64);
        assert!(name.starts_with("backburn-ghjkmnpqrs-"), "{name}");
        assert!(check_name("trail-stopped_2").is_ok());
        for bad in ["", "a b", "a.b", &"x".repeat(45)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_plan_shows_queue_and_rule() {
        let replay = Replay::default().answer("GetQueueUrl", 400, NO_QUEUE).answer(
            "DescribeRule",
            400,
            NO_RULE,
        );
        let inputs = json!({ "name": "trail", "source": "cloudtrail",
            "match": { "event-names": ["StopLogging"] } });
        let planned = plan(aws(&replay), "drill.watch", inputs).await;
        assert_eq!(planned.state, PlanState::Planned, "{planned:#?}");
        let kinds: Vec<_> = planned.changes.iter().map(|c| c.place.kind.as_str()).collect();
        assert_eq!(kinds, ["sqs.queue", "events.rule"]);
        let rule = &planned.changes[1].after;
        let arn = "arn:aws:sqs:us-east-1:123456789012:backburn-01run-trail";
        assert_eq!(rule["targets"]["queue"], arn);
        assert_eq!(planned.changes[0].after["policy"]["Statement"][0]["Resource"], arn);
    }

    #[tokio::test]
    async fn a_watch_for_nothing_is_refused() {
        let inputs = json!({ "name": "trail", "source": "cloudtrail" });
        let planned = plan(aws(&Replay::default()), "drill.watch", inputs).await;
        let PlanState::Refused(why) = planned.state else { panic!("{planned:#?}") };
        assert!(why.contains("needs `match.event-names`"), "{why}");
    }
}
