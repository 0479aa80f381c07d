//! Whether the API may terminate an instance (`DisableApiTermination`). Does not keep the guest
//! from shutting down, nor Auto Scaling from terminating it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html>

use aws_sdk_ec2::types::{AttributeBooleanValue, InstanceAttributeName};

use super::{lookup::gone_if_terminated, permissions::*, things::INSTANCE};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct TerminationProtection {
        pub instance: String,
    }
    // `true`: protected.
    "ec2.termination-protection" = bool, target "{instance}";
    reads [DESCRIBE_INSTANCE_ATTRIBUTE, DESCRIBE_INSTANCES];
    writes [MODIFY_INSTANCE_ATTRIBUTE];
    release Restored Protection;
    touches [INSTANCE(instance)];
}

impl TerminationProtection {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for TerminationProtection {
    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws
            .ec2()
            .describe_instance_attribute()
            .instance_id(&self.instance)
            .attribute(InstanceAttributeName::DisableApiTermination)
            .send()
            .await
            .by(DESCRIBE_INSTANCE_ATTRIBUTE);
        let call = gone_if_terminated(aws, &self.instance, call).await?;
        Ok(call.disable_api_termination.and_then(|a| a.value).unwrap_or_default())
    }
}

impl Setting<Aws> for TerminationProtection {
    async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_instance_attribute()
            .instance_id(&self.instance)
            .disable_api_termination(AttributeBooleanValue::builder().value(*value).build())
            .send()
            .await;
        let call = call.by(MODIFY_INSTANCE_ATTRIBUTE).map(drop);
        gone_if_terminated(aws, &self.instance, call).await
    }
}
