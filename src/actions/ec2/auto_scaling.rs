//! The guard for instances of an Auto Scaling group, which end a contained instance as unhealthy.
//! Owns the choice and its text; taking an instance out of its group is an action of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, ec2::InstanceFacts},
    engine::{Step, StepError},
};

/// What to do with an instance that belongs to an Auto Scaling group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InAutoScalingGroup {
    /// Refuse: the group would find it unhealthy and terminate it.
    #[default]
    Refuse,
    /// Continue: the group is suspended, or the instance is on standby.
    Allow,
}

impl InAutoScalingGroup {
    /// `what` is the effect about to happen to the instance, such as `isolated`.
    pub(super) async fn check(
        self,
        step: &Step<Aws>,
        facts: &InstanceFacts,
        what: &str,
    ) -> Result<(), StepError> {
        let (instance, Some(group)) = (&facts.instance, &facts.auto_scaling_group) else {
            return Ok(());
        };
        match self {
            Self::Refuse => Err(StepError::Refused(format!(
                "instance `{instance}` belongs to Auto Scaling group `{group}`, which finds it unhealthy once it is {what}, terminates it with its evidence and starts another; \
                 put it on standby (`aws autoscaling enter-standby --auto-scaling-group-name {group} --instance-ids {instance} --should-decrement-desired-capacity`), \
                 then set `in-auto-scaling-group: allow`"
            ))),
            Self::Allow => {
                step.note(format!(
                    "instance `{instance}` belongs to Auto Scaling group `{group}`: unless it is on standby, the group terminates it once it is {what}"
                ))
                .await
            }
        }
    }
}
