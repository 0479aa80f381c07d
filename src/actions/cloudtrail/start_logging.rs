//! Turn a trail's logging back on, and find out who stopped it.
//!
//! Logging is started first. Then CloudTrail's event history, which works without any trail, is searched for
//! the last calls that stopped, deleted or narrowed this trail. It shows them about five minutes after
//! the call. A history that cannot be read fails nothing.
//!
//! What happened while the trail did not log is in the event history too: management events of 90 days,
//! no data events. Other ways to blind a trail are its event selectors, its Regions, its bucket, its key
//! and the bucket's policy: the verdict reads them, and nothing changes them. A deleted trail must be
//! recreated by hand.
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
//! Verdict: proven when the trail's status is logging, its last delivery had no error, its event selectors
//! take all management events, it records every Region, and log files have arrived since, or its bucket's
//! policy lets CloudTrail write and no key is in the way; failed when it cannot record or deliver what
//! changes something; presumed, with the path's name, for what is left out or cannot be read.
//!
//! Paths read:
//! - the status: whether it logs, by `GetTrailStatus`
//! - the last deliveries: their errors and times, by `GetTrailStatus`
//! - the event selectors: basic and advanced, by `GetEventSelectors`
//! - the Regions: every one or its own alone, by `GetTrail`
//! - the key: whether there is one, by `GetTrail`, and log files that have arrived since
//! - the bucket: whether its policy lets CloudTrail write, by `GetBucketPolicy`
//!
//! Paths that no API shows:
//! - whether the key is enabled and lets CloudTrail use it: seen once a log file has arrived
//! - who reads, deletes or rewrites log files in the bucket: validate them with their digest files
//!
//! AWS: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html>

use super::{
    at_home,
    records::{self, Seen},
};
use crate::{
    actions::kit::*,
    aws::{
        cloudtrail::{Delivery, Logging, Recording, Tampered, Tampering},
        s3::BucketPolicy,
    },
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
        uses [
            setting Logging, fact Delivery, fact Recording, fact BucketPolicy, fact Tampering,
        ];
    };
    type Output = Started;

    async fn run(&self, step: &Step<Aws>) -> Result<Started, StepError> {
        let step = &at_home(step, &self.trail);
        let logging = Logging { trail: self.trail.clone(), keep: true };
        step.set(logging.clone(), true).await?;
        step.verify(&format!("logging of trail `{}`", self.trail), async {
            let delivered = step.look(&Delivery { trail: self.trail.clone() }).await?;
            let recorded = step.look(&Recording { trail: self.trail.clone() }).await;
            let recorded = told(recorded)?;
            let policy = match &recorded {
                Ok(recorded) => {
                    let policy = BucketPolicy { bucket: recorded.bucket.clone() };
                    told(step.look(&policy).await)?
                }
                Err(why) => Err(why.clone()),
            };
            let seen = Seen {
                delivered: &delivered,
                recorded: recorded.as_ref().map_err(String::as_str),
                policy: policy.as_ref().map(Option::as_ref).map_err(String::as_str),
            };
            let verdict = records::verdict(&seen, step.world().scope());
            let facts = json!({
                "trail": self.trail, "status": delivered, "records": recorded.ok(),
                "bucket-policy": policy.ok(),
            });
            Ok((verdict, facts))
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

/// What was read, or why it could not be: that alone keeps no trail from being started.
fn told<T>(read: Result<T, StepError>) -> Result<Result<T, String>, StepError> {
    match read {
        Ok(read) => Ok(Ok(read)),
        Err(StepError::Call(e)) => Ok(Err(e.to_string())),
        Err(other) => Err(other),
    }
}

fn in_words(trail: &str, last: &Tampered) -> String {
    format!(
        "the last call that blinded trail `{trail}` was `{}` at {} by `{}` with key `{}` from {}",
        last.event, last.at, last.principal, last.access_key, last.source
    )
}
