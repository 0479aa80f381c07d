//! Turn a trail's logging back on, and find out who stopped it.
//!
//! Logging is started first. Then CloudTrail's event history, which works without any trail, is searched for
//! the last calls that stopped, deleted or narrowed this trail. It shows them about five minutes after
//! the call. A history that cannot be read fails nothing.
//!
//! What happened while the trail did not log is in the event history too: management events of 90 days,
//! no data events. Other ways to blind a trail are its event selectors, its bucket, its key and the
//! bucket's policy: check them. A deleted trail must be recreated by hand.
//!
//! Release leaves the trail logging, because nobody wants it stopped again. In a drill, release restores
//! the state before the drill.
//!
//! ```yaml
//! log-again:
//!   uses: cloudtrail.start-logging
//!   with:
//!     trail: ${{ inputs.trail }}
//! ```
//!
//! Verdict: proven when the trail's status reads back as logging.
//!
//! AWS: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html>

use super::at_home;
use crate::{
    actions::kit::*,
    aws::cloudtrail::{Logging, Tampered, Tampering},
    engine::Class,
};

/// Inputs of `cloudtrail.start-logging`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartLogging {
    /// Name or ARN of the trail; its ARN when it is at home in another Region.
    pub trail: String,
}

/// Outputs of `cloudtrail.start-logging`. All are empty when the event history shows no such call.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// ARN of who made the last call that blinded the trail.
    pub stopped_by: String,
    /// The access key of that call.
    pub access_key: String,
    /// When it was; RFC 3339.
    pub stopped_at: String,
    /// Which call it was: `StopLogging`, `DeleteTrail`, `UpdateTrail` or `PutEventSelectors`.
    pub call: String,
}

impl Action for StartLogging {
    const SPEC: Spec = spec! {
        "cloudtrail.start-logging": "Turn a trail's logging back on and find out who stopped it";
        Contain, verdict;
        uses [setting Logging, fact Tampering];
    };
    type Output = Started;

    async fn run(&self, step: &Step<Aws>) -> Result<Started, StepError> {
        let step = &at_home(step, &self.trail);
        let logging = Logging { trail: self.trail.clone(), keep: true };
        step.set(logging.clone(), true).await?;
        step.verify(&format!("logging of trail `{}`", self.trail), async {
            let now = step.look(&logging).await?;
            let verdict = match now {
                true => Verdict::Proven,
                false => Verdict::Failed { reason: "its status is not logging".into() },
            };
            Ok((verdict, json!({ "trail": self.trail, "logging": now })))
        })
        .await?;
        let history = match step.read(&Tampering { trail: self.trail.clone() }).await {
            Ok(history) => history,
            Err(StepError::Call(e))
                if matches!(e.class, Class::Denied | Class::Missing | Class::Throttled) =>
            {
                step.note(format!("who stopped trail `{}` cannot be read: {e}", self.trail))
                    .await?;
                return Ok(Started::default());
            }
            Err(other) => return Err(other),
        };
        let Some(last) = history.into_iter().next() else {
            step.note(format!(
                "CloudTrail's event history shows no call that stopped trail `{}`; it shows calls about five minutes late",
                self.trail
            ))
            .await?;
            return Ok(Started::default());
        };
        step.note(in_words(&self.trail, &last)).await?;
        Ok(Started {
            stopped_by: last.principal,
            access_key: last.access_key,
            stopped_at: last.at,
            call: last.event,
        })
    }
}

fn in_words(trail: &str, last: &Tampered) -> String {
    format!(
        "the last call that blinded trail `{trail}` was `{}` at {} by `{}` with key `{}` from {}",
        last.event, last.at, last.principal, last.access_key, last.source
    )
}
