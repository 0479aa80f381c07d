//! Whether an instance runs. A write waits until the instance has settled, since hosts take
//! minutes to stop; cut off in between, it is recognised by its state on the way.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>

use std::time::Duration;

use aws_sdk_ec2::types;
use tokio::time::{Instant, sleep};

use super::{instance, permissions::*, things::INSTANCE, why_down};
use crate::aws::kit::*;

/// Longer than EC2 itself takes before it forces a stop.
const LONGEST: Duration = Duration::from_mins(15);

setting! {
    #[derive(PartialEq, Eq)]
    pub struct InstanceState {
        pub instance: String,
    }
    "ec2.instance-state" = State, target "{instance}";
    reads [DESCRIBE_INSTANCES];
    // The grant is for volumes under a customer key: without it EC2 starts the instance and stops it again.
    writes [STOP_INSTANCES, START_INSTANCES, CREATE_GRANT.at(KEYS_HERE)];
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
        Ok(State::of(&instance(aws, &self.instance).await?))
    }
}

impl State {
    fn of(instance: &types::Instance) -> Self {
        let name = instance.state.as_ref().and_then(|state| state.name.as_ref());
        match name.map_or("unknown", |name| name.as_str()) {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "shutting-down" => Self::ShuttingDown,
            "terminated" => Self::Terminated,
            _ => Self::Unknown,
        }
    }
}

/// A start that EC2 took, as it goes on.
struct Starting {
    /// The reason that was there before; it stays until there is another one.
    before: Option<String>,
    pending: bool,
}

impl Starting {
    /// Why it came to nothing, once that can be seen: it was on its way and is stopped, or it is
    /// stopped for another reason than before. A read that is late still shows the old one.
    fn failed(&mut self, now: &types::Instance) -> Option<String> {
        let state = State::of(now);
        self.pending |= state == State::Pending;
        let why = why_down(now);
        let is_new = self.pending || why.is_some() && why != self.before;
        let down = matches!(state, State::Stopped | State::Terminated) && is_new;
        down.then(|| why.unwrap_or_else(|| "AWS gives no reason".into()))
    }
}

impl Setting<Aws> for InstanceState {
    /// Takes [`State::Running`] and [`State::Stopped`].
    async fn write(&self, aws: &Aws, value: &State) -> Result<(), CallError> {
        let mut starting = None;
        match value {
            State::Running => {
                let before = why_down(&instance(aws, &self.instance).await?);
                let call = aws.ec2().start_instances().instance_ids(&self.instance).send().await;
                call.by(START_INSTANCES)?;
                starting = Some(Starting { before, pending: false });
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
            match instance(aws, &self.instance).await {
                Ok(now) if State::of(&now) == *value => return Ok(()),
                Ok(now) => {
                    if let Some(why) = starting.as_mut().and_then(|one| one.failed(&now)) {
                        let id = &self.instance;
                        let text = format!("instance `{id}` was started and is down again: {why}");
                        return Err(CallError::local(START_INSTANCES.action, Class::Invalid, text));
                    }
                    if matches!(State::of(&now), State::Terminated | State::ShuttingDown) {
                        let text = format!("instance `{}` is being terminated", self.instance);
                        return Err(CallError::local(Self::KIND, Class::Gone, text));
                    }
                }
                Err(e) if !matches!(e.class, Class::Throttled | Class::Unreachable) => {
                    return Err(e);
                }
                Err(_) => {}
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

    fn is_gone(now: &State) -> bool {
        matches!(now, State::Terminated | State::ShuttingDown)
    }

    fn caveat(before: &State) -> Option<&'static str> {
        (*before == State::Running).then_some(
            "memory, instance-store data and an auto-assigned public address do not come back when it starts again",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::Patience,
    };

    fn seen(state: &str, reason: &str) -> String {
        format!(
            "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
             <instanceId>i-1</instanceId><instanceState><name>{state}</name></instanceState>\
             <stateReason><code>{reason}</code><message>{reason}: Client error on launch</message></stateReason>\
             </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
        )
    }

    const TAKEN: &str = "<StartInstancesResponse><instancesSet><item><instanceId>i-1</instanceId>\
         <currentState><name>pending</name></currentState></item></instancesSet></StartInstancesResponse>";
    const USER: &str = "Client.UserInitiatedShutdown";
    const KEY: &str = "Client.InvalidKMSKey.InvalidState";

    async fn started(seen: &[(&str, &str)]) -> Result<(), CallError> {
        let all = seen.iter().map(|(state, reason)| self::seen(state, reason));
        let replay = all.fold(Replay::default().xml("StartInstances", TAKEN), |replay, answer| {
            replay.xml("DescribeInstances", &answer)
        });
        let quick = Patience { poll: Duration::from_millis(1), ..Patience::default() };
        let setting = InstanceState::of("i-1");
        setting.write(&aws(&replay).with_patience(quick), &State::Running).await
    }

    /// EC2 takes the start, cannot use the key of a volume, and stops the instance again.
    #[tokio::test]
    async fn a_start_that_fails_on_the_way_is_told_at_once_with_awss_reason() {
        let error = started(&[("stopped", USER), ("pending", ""), ("stopped", KEY)])
            .await
            .expect_err("it is stopped again");
        assert_eq!((error.class, error.call.as_str()), (Class::Invalid, "ec2:StartInstances"));
        let text = format!("is down again: `{KEY}` (Client error on launch)");
        assert!(error.message.contains(&text), "{error}");
        assert!(error.message.contains("kms:CreateGrant"), "{error}");
        // Between two looks.
        assert!(started(&[("stopped", USER), ("stopped", "Client.InternalError")]).await.is_err());
    }

    #[tokio::test]
    async fn a_late_read_of_the_state_before_is_no_failure() {
        started(&[("stopped", USER), ("stopped", USER), ("pending", ""), ("running", "")])
            .await
            .expect("it runs");
        // Neither is the reason of an earlier start that failed.
        started(&[("stopped", KEY), ("stopped", KEY), ("pending", ""), ("running", "")])
            .await
            .expect("it runs");
    }
}
