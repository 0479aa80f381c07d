//! The wait for an experiment to take effect: until its first fault has begun, or one of its actions, or until
//! it is over. Starts nothing and leaves nothing.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/experiments.html>

use super::{get, permissions::*};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct AwaitEffect {
        pub experiment: String,
        /// Name of one action; the first fault when none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub action: Option<String>,
    }
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
    /// RFC 3339: when its first fault began, or the action.
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
        let effective = match &self.action {
            None => now.effective(),
            Some(name) => match now.actions.get(name) {
                None => {
                    let text = format!("experiment `{job}` has no action `{name}`");
                    return Ok(Progress::Failed(text));
                }
                Some(action) if action.came_to_nothing() => {
                    let text = format!(
                        "action `{name}` is {}, and was not seen to act: {}",
                        action.status, action.reason
                    );
                    return Ok(Progress::Failed(text));
                }
                Some(action) => action.effective(),
            },
        };
        Ok(match effective {
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
