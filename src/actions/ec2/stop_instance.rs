//! Stop an instance and wait until it has stopped.
//!
//! Comes last: stopping loses what is in memory and on instance-store disks, and an auto-assigned
//! public address. EBS volumes, Elastic IPs and private addresses stay. An instance that can hibernate is
//! stopped all the same, not hibernated: that would write its memory over its root volume. Release starts
//! the instance again, which does not recover what was lost.
//!
//! Refused in the plan: an instance-store root, a Spot Instance of a one-time request (EC2 only terminates
//! those), and stop protection, which is somebody's decision to be asked for.

use super::{alive, auto_scaling::InAutoScalingGroup, spot};
use crate::{
    actions::kit::*,
    aws::ec2::{Instance, InstanceState, SpotRequest, State, StopProtection},
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
        uses [fact Instance, fact SpotRequest, fact StopProtection, setting InstanceState];
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
        if spot::is_one_time(step, &facts).await? {
            return Err(StepError::Refused(format!(
                "instance `{}` is of a one-time Spot request: EC2 cannot stop it, only terminate it with its memory and the disks that go with it; isolate it and take its snapshots instead",
                self.instance
            )));
        }
        match step.read(&StopProtection { instance: self.instance.to_string() }).await? {
            Some(true) => {
                return Err(StepError::Refused(format!(
                    "instance `{0}` has stop protection; if it is meant to be stopped, turn that off first: `aws ec2 modify-instance-attribute --instance-id {0} --no-disable-api-stop`",
                    self.instance
                )));
            }
            Some(false) => {}
            None => step.note("whether it has stop protection cannot be seen here").await?,
        }
        step.note(format!(
            "stopping `{}` loses its memory and its instance-store disks; capture them first",
            self.instance
        ))
        .await?;
        if facts.can_hibernate {
            step.note(format!(
                "`{}` can hibernate, which this does not use: what is in its memory is lost, and what an earlier hibernation wrote to its root volume stays",
                self.instance
            ))
            .await?;
        }
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
