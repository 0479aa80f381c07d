//! Stop an instance and wait until it has stopped.
//!
//! Comes last: stopping loses what is in memory and on instance-store disks, and an auto-assigned
//! public address. EBS volumes, Elastic IPs and private addresses stay. Release starts the instance
//! again, which does not recover what was lost.

use super::{alive, auto_scaling::InAutoScalingGroup};
use crate::{
    actions::kit::*,
    aws::ec2::{Instance, InstanceState, State},
    playbook::types::InstanceId,
};

/// Inputs of `ec2.stop-instance`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StopInstance {
    /// The instance to stop.
    pub instance: InstanceId,
    /// What to do when it belongs to an Auto Scaling group, which replaces stopped instances.
    #[serde(default)]
    pub in_auto_scaling_group: InAutoScalingGroup,
}

impl Action for StopInstance {
    const SPEC: Spec = spec! {
        "ec2.stop-instance": "Stop an instance";
        Eradicate, irreversible;
        uses [fact Instance, setting InstanceState];
        effects [Ends, TakesOut];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let facts = step.read(&Instance::of(&self.instance)).await?;
        alive(&facts)?;
        if facts.instance_store_root {
            return Err(StepError::Refused(format!(
                "instance `{}` has an instance-store root and cannot be stopped, only terminated; isolate it instead",
                self.instance
            )));
        }
        self.in_auto_scaling_group.check(step, &facts, "stopped").await?;
        step.note(format!(
            "stopping `{}` loses its memory and its instance-store disks; capture them first",
            self.instance
        ))
        .await?;
        if let Some(address) = &facts.auto_public_address {
            step.note(format!(
                "the public address `{address}` of `{}` was assigned by AWS and is lost when it stops",
                self.instance
            ))
            .await?;
        }
        step.set(InstanceState::of(&self.instance), State::Stopped).await?;
        Ok(Nothing {})
    }
}
