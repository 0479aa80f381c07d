//! Start an AWS FIS experiment and wait until its first fault has begun.
//!
//! Makes a template, starts one experiment from it and returns once a fault is effective; the
//! experiment keeps running while later steps detect and respond, and `fis.await-experiment` awaits its
//! end. Actions that only wait (`aws:fis:wait`) are no fault.
//!
//! The step fails with AWS's reason when the experiment fails, is cancelled or is stopped before a
//! fault has begun: a target that resolves to nothing, a stop condition in alarm, an engaged safety
//! lever.
//!
//! `required-tag` is a belt: every target must be selected by tags that include it, or be an EC2
//! resource or IAM role, named by ARN, that carries it, and every action must have targets: what one
//! without them hits, such as an automation, is not in the template. `aws:fis:wait` and
//! `aws:cloudwatch:assert-alarm-state` hit nothing. The step is refused otherwise, before anything is
//! made.
//!
//! ```yaml
//! - id: fault
//!   uses: fis.run-experiment
//!   with:
//!     role: ${{ steps.role.arn }}
//!     actions:
//!       stop:
//!         action-id: aws:ec2:stop-instances
//!         parameters: { startInstancesAfterDuration: PT5M }
//!         targets: { Instances: canary }
//!     targets:
//!       canary:
//!         resource-type: aws:ec2:instance
//!         resource-tags: { drill: "true" }
//!     stop-conditions: ["arn:aws:cloudwatch:eu-central-1:111122223333:alarm:shop-5xx"]
//!     required-tag: drill=true
//! ```
//!
//! Release stops the experiment first of all, waits until its actions have given back what they took,
//! and deletes the template. One that is over needs no stop, and a resumed step never starts a second.
//!
//! AWS: <https://docs.aws.amazon.com/fis/latest/userguide/experiments.html>

use std::collections::BTreeMap;

use super::experiment_input::{EmptyTargets, FaultInput, TargetInput, WITHOUT_EFFECT, check};
use crate::{
    actions::kit::*,
    aws::fis::{
        AwaitEffect, Design, Experiment, ExperimentTemplate, Mark, Started, TargetTags, Template,
    },
    playbook::types::{Arn, is_placeholder},
};

/// Inputs of `fis.run-experiment`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunExperiment {
    /// ARN of the role that FIS assumes.
    pub role: Arn,
    /// The actions, by name.
    pub actions: BTreeMap<String, FaultInput>,
    /// The targets, by name.
    #[serde(default)]
    pub targets: BTreeMap<String, TargetInput>,
    /// ARNs of CloudWatch alarms, at most five: the experiment stops when one goes into alarm.
    #[serde(default)]
    pub stop_conditions: Vec<Arn>,
    /// What happens when a target resolves to nothing.
    #[serde(default)]
    pub empty_target_resolution_mode: EmptyTargets,
    /// `key=value`: a tag that everything the experiment can hit must carry.
    #[serde(default)]
    #[schemars(regex(pattern = "^[^=]+=.*$"))]
    pub required_tag: Option<String>,
    /// Further tags of the template and the experiment.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Faulted {
    /// Id of the experiment.
    pub experiment: String,
    /// Id of its template.
    pub template: String,
    /// When the experiment started, as RFC 3339.
    pub started: String,
    /// When its first fault began, as RFC 3339.
    pub effective: String,
}

impl Action for RunExperiment {
    const SPEC: Spec = spec! {
        "fis.run-experiment": "Start an AWS FIS experiment and wait for its first fault";
        Verify;
        uses [
            fact TargetTags, setting ExperimentTemplate, setting Experiment,
            operation AwaitEffect,
        ];
    };
    type Output = Faulted;

    async fn run(&self, step: &Step<Aws>) -> Result<Faulted, StepError> {
        check(&self.actions, &self.targets, self.stop_conditions.len())
            .map_err(StepError::Refused)?;
        self.check_tags(step).await?;
        if self.stop_conditions.is_empty() {
            step.note("the experiment has no stop condition: nothing but a release ends it early")
                .await?;
        }
        if let Some((name, action)) = self.untargeted() {
            step.note(format!(
                "action `{name}` (`{}`) has no targets: what it hits is not in the template, so limits and the protecting tag do not hold for it",
                action.action_id
            ))
            .await?;
        }
        let selected = |(_, target): &(&String, &TargetInput)| target.resource_arns.is_empty();
        if self.required_tag.is_none()
            && let Some((name, _)) = self.targets.iter().find(selected)
        {
            step.note(format!(
                "target `{name}` is selected by FIS when the experiment starts: limits and the protecting tag do not hold for it; give `required-tag`, or its ARNs"
            ))
            .await?;
        }
        let mark = Mark { run: step.run().into(), step: step.id().into(), tags: self.tags.clone() };
        let template = ExperimentTemplate {
            mark: mark.clone(),
            description: format!("backburn {} {}", step.run(), step.id()),
        };
        let want = Template { id: None, design: Some(self.design()) };
        let template = Template::id_or_open(step.set(template, Some(want)).await?.as_ref());
        let hits = self.targets.values().flat_map(|target| target.resource_arns.clone()).collect();
        let experiment = Experiment { mark, template: template.clone(), hits };
        let started = step.set(experiment, Some(Started::now())).await?;
        let experiment = Started::id_or_open(started.as_ref());
        let effect =
            step.start(AwaitEffect { experiment: experiment.clone(), action: None }).await?;
        Ok(Faulted { experiment, template, started: effect.started, effective: effect.effective })
    }
}

impl RunExperiment {
    /// An action that hits what nothing here names.
    fn untargeted(&self) -> Option<(&String, &FaultInput)> {
        self.actions.iter().find(|(_, action)| {
            action.targets.is_empty() && !WITHOUT_EFFECT.contains(&action.action_id.as_str())
        })
    }

    fn design(&self) -> Design {
        Design {
            role: self.role.to_string(),
            actions: self.actions.iter().map(|(name, one)| (name.clone(), one.into())).collect(),
            targets: self.targets.iter().map(|(name, one)| (name.clone(), one.into())).collect(),
            stop_conditions: self.stop_conditions.iter().map(ToString::to_string).collect(),
            empty_target_resolution_mode: self.empty_target_resolution_mode.word().into(),
        }
    }

    async fn check_tags(&self, step: &Step<Aws>) -> Result<(), StepError> {
        let Some(required) = &self.required_tag else { return Ok(()) };
        let refuse = |text: String| Err(StepError::Refused(text));
        let Some((key, value)) = required.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return refuse(format!("`required-tag` is `key=value`, not `{required}`"));
        };
        if let Some((name, action)) = self.untargeted() {
            return refuse(format!(
                "action `{name}` (`{}`) has no targets, so nothing says whether what it hits is tagged `{required}`; use an action with targets",
                action.action_id
            ));
        }
        for (name, target) in &self.targets {
            if target.resource_tags.get(key).is_some_and(|have| have == value) {
                continue;
            }
            if target.resource_arns.is_empty() {
                return refuse(format!(
                    "target `{name}` is not limited to resources tagged `{required}`: add the tag to its `resource-tags`"
                ));
            }
            for arn in &target.resource_arns {
                // Checked again in the run, when it is known.
                if step.planning() && is_placeholder(arn) {
                    continue;
                }
                if !TargetTags::is_known(arn) {
                    return refuse(format!(
                        "the tags of `{arn}` (target `{name}`) cannot be checked; select it by `resource-tags` with `{required}`"
                    ));
                }
                let tags = match step.read(&TargetTags { arn: arn.clone() }).await? {
                    // An earlier step makes it.
                    None if step.planning() => continue,
                    tags => tags.unwrap_or_default(),
                };
                if tags.get(key).is_none_or(|have| have != value) {
                    return refuse(format!(
                        "`{arn}` (target `{name}`) is not tagged `{required}`, so the experiment must not hit it"
                    ));
                }
            }
        }
        Ok(())
    }
}
