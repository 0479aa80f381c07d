//! The wait for an instance to come into a state. Starts nothing and leaves nothing: its job is the
//! moment until which it waits.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>

use jiff::{SignedDuration, Timestamp};

use super::{instance, permissions::*, why_down};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct AwaitState {
        pub instance: String,
        /// `running` or `stopped`.
        pub state: String,
        /// Whole seconds.
        pub within: u64,
    }
    // The state as it was seen.
    "ec2.await-state" = String, target "{instance}";
    uses [DESCRIBE_INSTANCES];
    leaves "nothing", planned state.clone();
    looks;
}

impl Operation<Aws> for AwaitState {
    async fn find(&self, _: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn start(&self, aws: &Aws, _: &Token) -> Result<String, CallError> {
        let within = SignedDuration::from_secs(self.within.try_into().unwrap_or(i64::MAX));
        let until = aws.now().await?.checked_add(within);
        until.map(|until| until.to_string()).map_err(|e| {
            CallError::local(Self::KIND, Class::Invalid, format!("cannot wait that long: {e}"))
        })
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        let found = instance(aws, &self.instance).await?;
        let why = why_down(&found);
        let because = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let seen = found.state.and_then(|state| state.name);
        let seen = seen.map_or_else(|| "unknown".into(), |name| name.as_str().to_string());
        if seen == self.state {
            return Ok(Progress::Done(seen));
        }
        let now = aws.now().await?;
        let late = job.parse::<Timestamp>().map_or(true, |until| now >= until);
        let Self { instance, state, within } = self;
        Ok(match seen.as_str() {
            "terminated" | "shutting-down" => {
                Progress::Failed(format!("instance `{instance}` is {seen}, not {state}{because}"))
            }
            // It did not come up, and nobody starts it again.
            "stopped" if state == "running" && why.is_some() => {
                Progress::Failed(format!("instance `{instance}` is {seen}, not {state}{because}"))
            }
            _ if late && *within == 0 => {
                Progress::Failed(format!("instance `{instance}` is {seen}, not {state}"))
            }
            _ if late => Progress::Failed(format!(
                "instance `{instance}` is still {seen} after {within} s, not {state}"
            )),
            _ => Progress::Running { percent: None, note: format!("`{instance}` is {seen}") },
        })
    }

    async fn discard(&self, _: &Aws, _: &str) -> Result<bool, CallError> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn seen(state: &str) -> Replay {
        seen_as(state, "Client.UserInitiatedShutdown")
    }

    fn seen_as(state: &str, reason: &str) -> Replay {
        Replay::default().date("Tue, 24 Nov 2026 10:00:00 GMT").xml(
            "DescribeInstances",
            &format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
                 <instanceId>i-1</instanceId><instanceState><name>{state}</name></instanceState>\
                 <stateReason><code>{reason}</code><message>{reason}</message></stateReason></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
            ),
        )
    }

    #[tokio::test]
    async fn it_ends_with_what_was_seen() {
        let wait = AwaitState { instance: "i-1".into(), state: "running".into(), within: 60 };
        let later = "2999-01-01T00:00:00Z";
        let poll = async |state, until| wait.poll(&aws(&seen(state)), until).await.expect("a read");
        assert_eq!(poll("running", later).await, Progress::Done("running".into()));
        assert!(matches!(poll("pending", later).await, Progress::Running { .. }));
        let Progress::Failed(why) = poll("stopped", "2020-01-01T00:00:00Z").await else {
            panic!("it is late")
        };
        assert_eq!(why, "instance `i-1` is still stopped after 60 s, not running");
        let broken = aws(&seen_as("stopped", "Client.InternalError"));
        let Progress::Failed(why) = wait.poll(&broken, later).await.expect("a read") else {
            panic!("it did not come up")
        };
        assert!(why.contains("is stopped, not running: `Client.InternalError`"), "{why}");
        let gone = poll("terminated", later).await;
        assert!(matches!(gone, Progress::Failed(_)), "nothing brings it back: {gone:?}");
    }
}
