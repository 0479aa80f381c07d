//! How many of some calls EC2 throttles, when nobody is patient with it. Owns that one read: each call is made once.
//!
//! <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>

use aws_sdk_ec2::config::{Builder, retry::RetryConfig};

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct ThrottledCalls {
        /// How many times `DescribeInstances` is called, at most.
        pub calls: u32,
        /// So many throttles are enough: every further one slows down whoever shares the rate.
        pub enough: u32,
    }
    "ec2.throttled-calls" = Throttled, target "DescribeInstances";
    reads [DESCRIBE_INSTANCES];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Throttled {
    /// Calls that were made.
    pub calls: u32,
    pub throttled: u32,
}

impl Fact<Aws> for ThrottledCalls {
    /// An answer other than a throttle that is an error is one here, too.
    async fn read(&self, aws: &Aws) -> Result<Throttled, CallError> {
        let mut found = Throttled { calls: 0, throttled: 0 };
        while found.calls < self.calls && found.throttled < self.enough {
            found.calls += 1;
            // The SDK's retries, and the gate's patience, would hide what is looked for.
            let once = Builder::new().retry_config(RetryConfig::standard().with_max_attempts(1));
            let call = aws.ec2().describe_instances().max_results(5).customize();
            match call.config_override(once).send().await.by(DESCRIBE_INSTANCES) {
                Ok(_) => {}
                Err(e) if e.class == Class::Throttled => found.throttled += 1,
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn throttles_are_counted_and_other_errors_are_errors() {
        let ok = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
        let error = |code: &str| {
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>"
            )
        };
        let replay = Replay::default()
            .answer("DescribeInstances", 503, &error("RequestLimitExceeded"))
            .answer("DescribeInstances", 200, ok)
            .answer("DescribeInstances", 503, &error("RequestLimitExceeded"));
        let of = |calls, enough| ThrottledCalls { calls, enough };
        let seen = of(3, 3).read(&aws(&replay)).await.expect("an answer");
        assert_eq!(seen, Throttled { calls: 3, throttled: 2 });
        assert_eq!(replay.actions().len(), 3, "each was made once");
        let seen = of(9, 1).read(&aws(&replay)).await.expect("an answer");
        assert_eq!(seen, Throttled { calls: 1, throttled: 1 }, "no more than is enough");
        let denied =
            Replay::default().answer("DescribeInstances", 403, &error("UnauthorizedOperation"));
        assert!(of(1, 1).read(&aws(&denied)).await.is_err());
    }
}
