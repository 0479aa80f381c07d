//! The wait for an experiment to take effect: until its first fault has begun, or until it is over.
//! Starts nothing and leaves nothing.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/experiments.html>

use super::{get, permissions::*};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct AwaitEffect { pub experiment: String }
    "fis.await-effect" = Effect, target "{experiment}";
    uses [GET_EXPERIMENT];
    leaves "nothing", planned Effect { started: AFTER_RUN.into(), effective: AFTER_RUN.into() };
    looks;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effect {
    /// RFC 3339: when the experiment started.
    pub started: String,
    /// RFC 3339: when its first fault began.
    pub effective: String,
}

impl Operation<Aws> for AwaitEffect {
    async fn find(&self, _: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn start(&self, _: &Aws, _: &Token) -> Result<String, CallError> {
        Ok(self.experiment.clone())
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Effect>, CallError> {
        let now = get(aws, job).await?;
        let started = now.started.clone();
        Ok(match now.effective() {
            Some(effective) => Progress::Done(Effect {
                started: started.unwrap_or_else(|| effective.into()),
                effective: effective.into(),
            }),
            None if now.is_over() => {
                Progress::Failed(format!("experiment `{job}` is {}: {}", now.status, now.reason))
            }
            None => Progress::Running { percent: None, note: format!("`{job}` is {}", now.status) },
        })
    }

    async fn discard(&self, _: &Aws, _: &str) -> Result<bool, CallError> {
        Ok(true)
    }
}
