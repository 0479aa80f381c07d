//! What keeps EC2 from stopping an instance: stop protection, and a Spot request that is made once.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html>,
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html>. Only Spot Instances of a
//! persistent request can be stopped; for others EC2 answers `UnsupportedOperation` and names the reason.

use aws_sdk_ec2::types::{InstanceAttributeName, SpotInstanceType};

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// Whether the API refuses to stop an instance (`DisableApiStop`).
    #[derive(PartialEq, Eq)]
    pub struct StopProtection {
        pub instance: String,
    }
    // `None`: the endpoint does not say.
    "ec2.stop-protection" = Option<bool>, target "{instance}";
    reads [DESCRIBE_INSTANCE_ATTRIBUTE];
}

impl Fact<Aws> for StopProtection {
    async fn read(&self, aws: &Aws) -> Result<Option<bool>, CallError> {
        let call = aws
            .ec2()
            .describe_instance_attribute()
            .instance_id(&self.instance)
            .attribute(InstanceAttributeName::DisableApiStop)
            .send()
            .await
            .by(DESCRIBE_INSTANCE_ATTRIBUTE);
        match call {
            Ok(found) => Ok(found.disable_api_stop.and_then(|attribute| attribute.value)),
            Err(e) if e.class == Class::Missing => Ok(None),
            Err(e) => Err(e),
        }
    }
}

fact! {
    /// Whether a Spot request stays open after its first instance.
    #[derive(PartialEq, Eq)]
    pub struct SpotRequest {
        pub request: String,
    }
    // `None`: it is not shown any more.
    "ec2.spot-request" = Option<Lasting>, target "{request}";
    reads [DESCRIBE_SPOT_INSTANCE_REQUESTS];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasting {
    OneTime,
    Persistent,
}

impl Fact<Aws> for SpotRequest {
    async fn read(&self, aws: &Aws) -> Result<Option<Lasting>, CallError> {
        let call = aws
            .ec2()
            .describe_spot_instance_requests()
            .spot_instance_request_ids(&self.request)
            .send()
            .await
            .by(DESCRIBE_SPOT_INSTANCE_REQUESTS)
            .absent_if_gone()?;
        let found = call.and_then(|call| call.spot_instance_requests);
        let found = found.into_iter().flatten().next().and_then(|request| request.r#type);
        Ok(found.map(|kind| match kind {
            SpotInstanceType::Persistent => Lasting::Persistent,
            _ => Lasting::OneTime,
        }))
    }
}
