//! The guard for instances of an Auto Scaling group, a cluster or a fleet, which end a contained
//! instance as unhealthy. Owns the choice and its text; taking an instance out of its group is an
//! action of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, ec2::InstanceFacts},
    engine::{Step, StepError},
    text::argument,
};

/// What to do with an instance that belongs to an Auto Scaling group, a cluster or a fleet.
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
        let instance = &facts.instance;
        let Some(group) = &facts.auto_scaling_group else {
            return self.check_manager(step, facts, what).await;
        };
        match self {
            Self::Refuse => Err(StepError::Refused(format!(
                "instance `{instance}` belongs to Auto Scaling group `{group}`, which finds it unhealthy once it is {what}, terminates it with its evidence and starts another; \
                 put it on standby (`aws autoscaling enter-standby --auto-scaling-group-name {} --instance-ids {instance} --should-decrement-desired-capacity`), \
                 then set `in-auto-scaling-group: allow`",
                argument(group)
            ))),
            Self::Allow => {
                step.note(format!(
                    "instance `{instance}` belongs to Auto Scaling group `{group}`: unless it is on standby, the group terminates it once it is {what}"
                ))
                .await
            }
        }
    }

    /// Karpenter, EKS, ECS, EMR and fleets replace a node that stops answering.
    async fn check_manager(
        self,
        step: &Step<Aws>,
        facts: &InstanceFacts,
        what: &str,
    ) -> Result<(), StepError> {
        let (instance, Some(manager)) = (&facts.instance, &facts.manager) else { return Ok(()) };
        match self {
            Self::Refuse => Err(StepError::Refused(format!(
                "instance `{instance}` is a node of {manager}, which may replace one that is {what} and terminate it with its evidence; \
                 protect it from termination there and take it out of scheduling (`kubectl cordon`, draining would end what runs), \
                 then set `in-auto-scaling-group: allow`"
            ))),
            Self::Allow => {
                step.note(format!(
                    "instance `{instance}` is a node of {manager}, which may terminate it once it is {what}"
                ))
                .await
            }
        }
    }
}
