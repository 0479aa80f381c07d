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
//! Targets that FIS selects by tags, filters or parameters are previewed first: a second template with the same
//! targets, each with all that it may select, and an experiment from it whose actions FIS skips. What it
//! lists is in the step's notes and outputs, counts against `limits`, and must not be protected (as far as its tags can be read: not those of databases, clusters and tasks); `COUNT(1)` of
//! twenty hosts counts as twenty. A target that FIS names by no ARN,
//! such as a pod, is refused. FIS selects again when the experiment starts: the step fails when it then hits what was
//! not listed.
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
//! AWS: <https://docs.aws.amazon.com/fis/latest/userguide/experiments.html>,
//! <https://docs.aws.amazon.com/fis/latest/userguide/generate-target-preview.html>

use std::collections::BTreeMap;

use super::experiment_input::{EmptyTargets, FaultInput, TargetInput, WITHOUT_EFFECT, check};
use crate::{
    actions::kit::*,
    aws::fis::{
        AwaitEffect, Design, Experiment, ExperimentTemplate, Mark, Preview, Resolved,
        ResolvedTargets, Started, TargetTags, Template,
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
    /// By the name of each target: ARNs of what it names, or may select.
    pub hits: BTreeMap<String, Vec<String>>,
}

impl Action for RunExperiment {
    const SPEC: Spec = spec! {
        "fis.run-experiment": "Start an AWS FIS experiment and wait for its first fault";
        Verify;
        uses [
            fact TargetTags, setting ExperimentTemplate, operation Preview, setting Experiment,
            operation AwaitEffect, fact ResolvedTargets,
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
        let mark = Mark { run: step.run().into(), step: step.id().into(), tags: self.tags.clone() };
        let hits = self.hits(step, &mark).await?;
        let template = template(step, &mark, self.design()).await?;
        let all = hits.values().flatten().cloned().collect();
        let experiment = Experiment { mark, template: template.clone(), hits: all };
        let started = step.set(experiment, Some(Started::now())).await?;
        let experiment = Started::id_or_open(started.as_ref());
        let effect =
            step.start(AwaitEffect { experiment: experiment.clone(), action: None }).await?;
        self.check_hits(step, &experiment, &hits).await?;
        let (started, effective) = (effect.started, effect.effective);
        Ok(Faulted { experiment, template, started, effective, hits })
    }
}

/// Makes a template; its id.
async fn template(step: &Step<Aws>, mark: &Mark, design: Design) -> Result<String, StepError> {
    let description = format!("backburn {} {}", step.run(), mark.step);
    let setting = ExperimentTemplate { mark: mark.clone(), description };
    let want = Template { id: None, design: Some(design) };
    Ok(Template::id_or_open(step.set(setting, Some(want)).await?.as_ref()))
}

impl RunExperiment {
    /// An action that hits what nothing here names.
    fn untargeted(&self) -> Option<(&String, &FaultInput)> {
        self.actions.iter().find(|(_, action)| {
            action.targets.is_empty() && !WITHOUT_EFFECT.contains(&action.action_id.as_str())
        })
    }

    /// What the experiment can hit, by target. What FIS selects itself is previewed: an experiment that selects all
    /// that a target could, and skips every action.
    async fn hits(
        &self,
        step: &Step<Aws>,
        mark: &Mark,
    ) -> Result<BTreeMap<String, Vec<String>>, StepError> {
        let mut hits: BTreeMap<_, _> = self
            .targets
            .iter()
            .map(|(name, target)| (name.clone(), target.resource_arns.clone()))
            .collect();
        let Some((name, _)) = hits.iter().find(|(_, arns)| arns.is_empty()) else {
            return Ok(hits);
        };
        step.note(format!(
            "target `{name}` is selected by FIS: the run first lists all that it may select, without any effect, and limits and the protecting tag hold for that"
        ))
        .await?;
        let mark = Mark { step: format!("{} preview", mark.step), ..mark.clone() };
        let mut design = self.design();
        for target in design.targets.values_mut() {
            target.selection_mode = "ALL".into();
        }
        let template = template(step, &mark, design).await?;
        let Resolved { targets, unnamed } = step.start(Preview { mark, template }).await?;
        if let Some((name, those)) = unnamed.iter().next() {
            return Err(StepError::Refused(format!(
                "target `{name}` may select what FIS names by no ARN, so nothing says whether it is protected or within the limits: {}; select it by `resource-arns`",
                those.join(", ")
            )));
        }
        for (name, arns) in targets {
            step.note(format!("target `{name}` may select {}", arns.join(", "))).await?;
            hits.insert(name, arns);
        }
        Ok(hits)
    }

    /// What is tagged meanwhile, or started, FIS selects as well: the experiment is not what was looked at then.
    async fn check_hits(
        &self,
        step: &Step<Aws>,
        experiment: &str,
        known: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), StepError> {
        let named = |target: &TargetInput| !target.resource_arns.is_empty();
        if step.planning() || self.targets.values().all(named) {
            return Ok(());
        }
        let resolved = ResolvedTargets { experiment: experiment.into() };
        let Resolved { targets, unnamed } = step.read(&resolved).await?;
        let unnamed = unnamed.iter().find_map(|(name, those)| Some((name, those.first()?)));
        let strays = targets.iter().find_map(|(name, arns)| {
            let known = known.get(name).map(Vec::as_slice).unwrap_or_default();
            Some((name, arns.iter().find(|arn| !known.contains(arn))?))
        });
        match strays.or(unnamed) {
            None => Ok(()),
            Some((name, arn)) => Err(StepError::Refused(format!(
                "experiment `{experiment}` hits `{arn}` (target `{name}`), which was not there when its targets were listed: nobody has looked whether it is protected or within the limits; release ends the experiment"
            ))),
        }
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
