//! The time as AWS has it, by the `Date` header of its answers.

use jiff::Timestamp;

use super::permissions::*;
use crate::aws::kit::*;

/// Now, to the second. Read with a `step.read`, it is the moment at which a step decided.
#[derive(Clone, Debug, Serialize)]
pub struct AwsTime;

impl FactHead<Aws> for AwsTime {
    const KIND: &'static str = "drill.aws-time";
    const READS: &'static [Permission] = &[GET_CALLER_IDENTITY];
    type Value = Timestamp;

    fn target(&self) -> String {
        "now".into()
    }
}

impl Fact<Aws> for AwsTime {
    async fn read(&self, aws: &Aws) -> Result<Timestamp, CallError> {
        let now = aws.now().await?;
        Ok(Timestamp::from_second(now.as_second()).unwrap_or(now))
    }
}
