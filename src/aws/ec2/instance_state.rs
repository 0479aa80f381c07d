//! Whether an instance runs. A write waits until the instance has settled, since hosts take
//! minutes to stop; cut off in between, it is recognised by its state on the way.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{instance, permissions::*, things::INSTANCE};
use crate::aws::kit::*;

/// Longer than EC2 itself takes before it forces a stop.
const LONGEST: Duration = Duration::from_secs(15 * 60);

setting! {
    #[derive(PartialEq, Eq)]
    pub struct InstanceState {
        pub instance: String,
    }
    "ec2.instance-state" = State, target "{instance}";
    reads [DESCRIBE_INSTANCES];
    writes [STOP_INSTANCES, START_INSTANCES];
    release Restored Capacity;
    touches [INSTANCE(instance)];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
    #[serde(other)]
    Unknown,
}

impl InstanceState {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for InstanceState {
    async fn read(&self, aws: &Aws) -> Result<State, CallError> {
        let name = instance(aws, &self.instance).await?.state.and_then(|state| state.name);
        let name = name.as_ref().map_or("unknown", |name| name.as_str());
        Ok(match name {
            "pending" => State::Pending,
            "running" => State::Running,
            "stopping" => State::Stopping,
            "stopped" => State::Stopped,
            "shutting-down" => State::ShuttingDown,
            "terminated" => State::Terminated,
            _ => State::Unknown,
        })
    }
}

impl Setting<Aws> for InstanceState {
    /// Takes [`State::Running`] and [`State::Stopped`].
    async fn write(&self, aws: &Aws, value: &State) -> Result<(), CallError> {
        match value {
            State::Running => {
                let call = aws.ec2().start_instances().instance_ids(&self.instance).send().await;
                call.by(START_INSTANCES)?;
            }
            State::Stopped => {
                let call = aws.ec2().stop_instances().instance_ids(&self.instance).send().await;
                call.by(STOP_INSTANCES)?;
            }
            other => {
                let text = format!("an instance cannot be made `{other:?}`");
                return Err(CallError::local(Self::KIND, Class::Invalid, text));
            }
        }
        let (started, pause) = (Instant::now(), aws.patience().poll);
        loop {
            match self.read(aws).await {
                Ok(now) if now == *value => return Ok(()),
                Ok(State::Terminated | State::ShuttingDown) => {
                    let text = format!("instance `{}` is being terminated", self.instance);
                    return Err(CallError::local(Self::KIND, Class::Gone, text));
                }
                Err(e) if !matches!(e.class, Class::Throttled | Class::Unreachable) => {
                    return Err(e);
                }
                _ => {}
            }
            if started.elapsed() > LONGEST {
                let text = format!(
                    "instance `{}` has not reached a stable state after {} min; check it in the console, then resume",
                    self.instance,
                    LONGEST.as_secs() / 60
                );
                return Err(CallError::local(Self::KIND, Class::Unknown, text));
            }
            sleep(pause).await;
        }
    }

    fn halfway(before: &State, after: &State, now: &State) -> bool {
        matches!(
            (before, after, now),
            (State::Running, State::Stopped, State::Stopping)
                | (State::Stopped, State::Running, State::Pending)
        )
    }

    fn caveat(before: &State) -> Option<&'static str> {
        (*before == State::Running).then_some(
            "memory, instance-store data and an auto-assigned public address do not come back when it starts again",
        )
    }
}
