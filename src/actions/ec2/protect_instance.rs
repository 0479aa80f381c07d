//! Keep an instance and its volumes from being deleted while they are evidence.
//!
//! Keeps every attached volume if the instance is terminated, turns termination protection on, makes a
//! shutdown from inside stop the instance instead of terminating it, and tags the instance. None of this
//! affects the workload, so it comes first; and none of it contains, so nothing that does should wait for
//! its success: set `on-failure: continue`. What is refused (a tag beyond the 50 that EC2 takes, a policy
//! that denies tags) does not keep the rest from being made; the step fails after all was tried.
//!
//! Termination protection does not keep an Auto Scaling group or a Spot interruption from ending
//! the instance: the plan notes both. EC2 has no termination protection for Spot Instances, and those of a
//! one-time request are terminated where others stop.

use std::collections::BTreeMap;

use super::{alive, spot, tagging};
use crate::{
    actions::kit::*,
    aws::ec2::{
        DeleteOnTermination, Instance, Interfaces, ShutdownBehavior, SpotRequest, Tag,
        TerminationProtection,
    },
    engine::Class,
    playbook::types::InstanceId,
};

/// Inputs of `ec2.protect-instance`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProtectInstance {
    /// The instance to protect.
    pub instance: InstanceId,
    /// Tags to set on the instance, such as `backburn:case: IR-2026-7`.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What the instance consists of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Protected {
    /// Ids of its EBS volumes.
    pub volumes: Vec<String>,
    /// Ids of its network interfaces, by device index.
    pub network_interfaces: Vec<String>,
}

impl Action for ProtectInstance {
    const SPEC: Spec = spec! {
        "ec2.protect-instance": "Keep an instance and its volumes from being deleted";
        Preserve, lenient;
        uses [
            fact Instance, fact Interfaces, setting TerminationProtection,
            fact SpotRequest, setting ShutdownBehavior, setting DeleteOnTermination, setting Tag,
        ];
    };
    type Output = Protected;

    async fn run(&self, step: &Step<Aws>) -> Result<Protected, StepError> {
        tagging::check(&self.tags)?;
        let facts = step.read(&Instance::of(&self.instance)).await?;
        alive(&facts)?;
        let interfaces = step.read(&Interfaces::of(&self.instance)).await?;
        if let Some(group) = &facts.auto_scaling_group {
            step.note(format!(
                "termination protection does not keep Auto Scaling group `{group}` from terminating `{}`",
                self.instance
            ))
            .await?;
        }
        let mut tries = Tries::default();
        for volume in &facts.volumes {
            let setting = DeleteOnTermination::of(&self.instance, &volume.volume);
            tries.take(step.set(setting, false).await)?;
        }
        if facts.spot {
            // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html>
            step.note(format!(
                "`{}` is a Spot instance: EC2 offers it no termination protection; take its snapshots at once",
                self.instance
            ))
            .await?;
        } else {
            let setting = TerminationProtection::of(&self.instance);
            tries.take(step.set(setting, true).await)?;
        }
        if facts.instance_store_root {
            step.note(format!(
                "`{}` has an instance-store root: it cannot stop, and its root disk is lost with it",
                self.instance
            ))
            .await?;
        } else if spot::is_one_time(step, &facts).await? {
            step.note(format!(
                "`{}` is of a one-time Spot request and cannot stop: a shutdown from inside terminates it",
                self.instance
            ))
            .await?;
        } else {
            let setting = ShutdownBehavior::of(&self.instance);
            tries.take(step.set(setting, "stop".into()).await)?;
        }
        let tags = tagging::that_fit(step, self.instance.as_ref(), &facts.tags, &self.tags).await?;
        for (key, value) in tags {
            tries.take(step.set(Tag::of(&self.instance, &key), Some(value)).await)?;
        }
        tries.end()?;
        Ok(Protected {
            volumes: facts.volumes.into_iter().map(|volume| volume.volume).collect(),
            network_interfaces: interfaces.into_iter().map(|i| i.interface).collect(),
        })
    }
}

/// Attempts of which none keeps the next from being made.
#[derive(Default)]
struct Tries(Option<StepError>);

impl Tries {
    /// Keeps the first refusal for the end.
    ///
    /// # Errors
    /// What is no refusal of this one change: the run stops, the journal or AWS cannot be reached.
    fn take<T>(&mut self, result: Result<T, StepError>) -> Result<(), StepError> {
        match result {
            Ok(_) => {}
            Err(StepError::Call(e))
                if matches!(e.class, Class::Denied | Class::Invalid | Class::Unknown) =>
            {
                self.0.get_or_insert(StepError::Call(e));
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    fn end(self) -> Result<(), StepError> {
        self.0.map_or(Ok(()), Err)
    }
}
