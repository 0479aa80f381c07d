//! Whether a trail logs. Owns that one setting.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use super::{permissions::*, things::TRAIL};
use crate::aws::kit::*;

setting! {
    /// A trail in its home Region, by its name or ARN.
    pub struct Logging {
        pub trail: String,
        /// Release leaves it on: a trail that was found stopped is not stopped again.
        #[serde(default)]
        pub keep: bool,
    }
    // By name, so that the two ways to write a trail are one setting.
    "cloudtrail.logging" = bool, target "{}" of |it| it.name();
    reads [GET_TRAIL_STATUS];
    writes [START_LOGGING, STOP_LOGGING];
    release Restored Protection;
    touches [TRAIL(trail)];
}

impl Logging {
    pub fn of(trail: &str) -> Self {
        Self { trail: trail.into(), keep: false }
    }

    fn name(&self) -> &str {
        self.trail.split_once(":trail/").map_or(&self.trail, |(_, name)| name)
    }
}

impl Fact<Aws> for Logging {
    /// `Class::Gone` when there is no such trail.
    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws.cloudtrail().get_trail_status().name(&self.trail).send().await;
        let status = call.by(GET_TRAIL_STATUS)?;
        Ok(status.is_logging == Some(true))
    }
}

impl Setting<Aws> for Logging {
    fn rule(&self) -> Rule {
        match self.keep {
            true => Rule { how: How::Retained, ..Self::RULE },
            false => Self::RULE,
        }
    }

    async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
        if *value {
            let call = aws.cloudtrail().start_logging().name(&self.trail).send().await;
            call.map(drop).by(START_LOGGING)
        } else {
            let call = aws.cloudtrail().stop_logging().name(&self.trail).send().await;
            call.map(drop).by(STOP_LOGGING)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::Class,
    };

    #[tokio::test]
    async fn a_trail_that_is_gone_is_told_from_one_that_does_not_log() {
        let trail = Logging::of("arn:aws:cloudtrail:us-east-1:123456789012:trail/t");
        assert_eq!(trail.target(), "t");
        let replay = Replay::default().answer("GetTrailStatus", 200, r#"{"IsLogging":false}"#);
        assert_eq!(trail.read(&aws(&replay)).await, Ok(false));
        let gone = r#"{"__type":"TrailNotFoundException","message":"Unknown trail"}"#;
        let replay = Replay::default().answer("GetTrailStatus", 400, gone);
        assert_eq!(trail.read(&aws(&replay)).await.expect_err("gone").class, Class::Gone);
        let denied = r#"{"__type":"AccessDeniedException","message":"No"}"#;
        let replay = Replay::default().answer("StopLogging", 400, denied);
        let error = trail.write(&aws(&replay), &false).await.expect_err("denied");
        assert_eq!(error.class, Class::Denied);
    }
}
