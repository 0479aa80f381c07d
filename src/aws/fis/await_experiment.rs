//! The wait for an experiment to be over, in whatever way. Starts nothing and leaves nothing: its job
//! is the moment until which it waits.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentState.html>

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{ActionFacts, get, permissions::*};
use crate::aws::kit::*;

/// The job of a wait without an end of its own.
const NO_LIMIT: &str = "no limit";

operation! {
    #[derive(PartialEq, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub struct AwaitExperiment {
        pub experiment: String,
        /// Seconds.
        pub at_most: Option<u64>,
    }
    "fis.await-experiment" = Ended, target "{experiment}";
    uses [GET_EXPERIMENT];
    leaves "nothing", planned Ended::planned();
    looks;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// `completed`, `stopped`, `failed` or `cancelled`.
    pub status: String,
    pub reason: String,
    /// RFC 3339.
    pub ended: String,
    pub actions: BTreeMap<String, ActionFacts>,
}

impl Ended {
    fn planned() -> Self {
        let open = || AFTER_RUN.to_owned();
        Self { status: open(), reason: open(), ended: open(), actions: BTreeMap::new() }
    }
}

impl Operation<Aws> for AwaitExperiment {
    async fn find(&self, _: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn start(&self, aws: &Aws, _: &Token) -> Result<String, CallError> {
        let Some(at_most) = self.at_most else { return Ok(NO_LIMIT.into()) };
        let at_most = SignedDuration::from_secs(at_most.try_into().unwrap_or(i64::MAX));
        let until = aws.now().await?.checked_add(at_most);
        until.map(|until| until.to_string()).map_err(|e| {
            CallError::local(Self::KIND, Class::Invalid, format!("cannot wait that long: {e}"))
        })
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Ended>, CallError> {
        let now = get(aws, &self.experiment).await?;
        if now.is_over() {
            return Ok(Progress::Done(Ended {
                status: now.status,
                reason: now.reason,
                ended: now.ended.unwrap_or_default(),
                actions: now.actions,
            }));
        }
        let time = aws.now().await?;
        if job.parse::<Timestamp>().is_ok_and(|until| time >= until) {
            let Self { experiment, at_most } = self;
            let at_most = at_most.unwrap_or_default();
            let text =
                format!("experiment `{experiment}` is still {} after {at_most} s", now.status);
            return Ok(Progress::Failed(text));
        }
        let note = format!("`{}` is {}", self.experiment, now.status);
        Ok(Progress::Running { percent: None, note })
    }

    async fn discard(&self, _: &Aws, _: &str) -> Result<bool, CallError> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn a_stopped_experiment_is_an_answer_and_a_late_one_a_failure() {
        let body = |status: &str| {
            format!(
                r#"{{"experiment":{{"id":"EXP1","state":{{"status":"{status}","reason":"why"}},"endTime":1795500000}}}}"#
            )
        };
        let wait = AwaitExperiment { experiment: "EXP1".into(), at_most: Some(60) };
        let replay = Replay::default()
            .date("Tue, 24 Nov 2026 10:00:00 GMT")
            .answer("GET /experiments/EXP1", 200, &body("stopped"))
            .answer("GET /experiments/EXP1", 200, &body("running"));
        let aws = aws(&replay);
        let ended = wait.poll(&aws, NO_LIMIT).await.expect("a look");
        let Progress::Done(ended) = ended else { panic!("{ended:?}") };
        assert_eq!((ended.status.as_str(), ended.reason.as_str()), ("stopped", "why"));
        assert_eq!(ended.ended, "2026-11-24T06:00:00Z");
        let going = wait.poll(&aws, NO_LIMIT).await.expect("a look");
        assert!(matches!(going, Progress::Running { .. }), "{going:?}");
        let late = wait.poll(&aws, "2020-01-01T00:00:00Z").await.expect("a look");
        assert_eq!(late, Progress::Failed("experiment `EXP1` is still running after 60 s".into()));
    }
}
