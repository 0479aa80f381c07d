//! Keep an instance and its volumes from being deleted while they are evidence.
//!
//! Turns termination protection on, makes a shutdown from inside stop the instance instead of
//! terminating it, keeps every attached volume if the instance is terminated anyway, and
//! tags the instance. None of this affects the workload, so it comes first.
//!
//! Termination protection does not keep an Auto Scaling group or a Spot interruption from ending
//! the instance: the plan notes both.

use std::collections::BTreeMap;

use super::{alive, tagging};
use crate::{
    actions::kit::*,
    aws::ec2::{
        DeleteOnTermination, Instance, Interfaces, ShutdownBehavior, Tag, TerminationProtection,
    },
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
        Preserve;
        uses [
            fact Instance, fact Interfaces, setting TerminationProtection,
            setting ShutdownBehavior, setting DeleteOnTermination, setting Tag,
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
        if facts.spot {
            // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html>
            step.note(format!(
                "`{}` is a Spot instance: EC2 offers it no termination protection; take its snapshots at once",
                self.instance
            ))
            .await?;
        } else {
            step.set(TerminationProtection::of(&self.instance), true).await?;
        }
        if facts.instance_store_root {
            step.note(format!(
                "`{}` has an instance-store root: it cannot stop, and its root disk is lost with it",
                self.instance
            ))
            .await?;
        } else {
            step.set(ShutdownBehavior::of(&self.instance), "stop".into()).await?;
        }
        for volume in &facts.volumes {
            step.set(DeleteOnTermination::of(&self.instance, &volume.volume), false).await?;
        }
        tagging::set(step, self.instance.as_ref(), &self.tags, false).await?;
        Ok(Protected {
            volumes: facts.volumes.into_iter().map(|volume| volume.volume).collect(),
            network_interfaces: interfaces.into_iter().map(|i| i.interface).collect(),
        })
    }
}
