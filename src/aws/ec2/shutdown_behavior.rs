//! What an instance becomes when its guest shuts down: `stop` or `terminate`.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html>

use aws_sdk_ec2::types::{AttributeValue, InstanceAttributeName};

use super::{lookup::gone_if_terminated, permissions::*, things::INSTANCE};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct ShutdownBehavior {
        pub instance: String,
    }
    // `stop` or `terminate`.
    "ec2.shutdown-behavior" = String, target "{instance}";
    reads [DESCRIBE_INSTANCE_ATTRIBUTE, DESCRIBE_INSTANCES];
    writes [MODIFY_INSTANCE_ATTRIBUTE];
    release Restored Protection;
    touches [INSTANCE(instance)];
}

impl ShutdownBehavior {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for ShutdownBehavior {
    async fn read(&self, aws: &Aws) -> Result<String, CallError> {
        let call = aws
            .ec2()
            .describe_instance_attribute()
            .instance_id(&self.instance)
            .attribute(InstanceAttributeName::InstanceInitiatedShutdownBehavior)
            .send()
            .await
            .by(DESCRIBE_INSTANCE_ATTRIBUTE);
        let call = gone_if_terminated(aws, &self.instance, call).await?;
        let value = call.instance_initiated_shutdown_behavior.and_then(|a| a.value);
        Ok(value.unwrap_or_else(|| "stop".into()))
    }
}

impl Setting<Aws> for ShutdownBehavior {
    async fn write(&self, aws: &Aws, value: &String) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_instance_attribute()
            .instance_id(&self.instance)
            .instance_initiated_shutdown_behavior(AttributeValue::builder().value(value).build())
            .send()
            .await;
        let call = call.by(MODIFY_INSTANCE_ATTRIBUTE).map(drop);
        gone_if_terminated(aws, &self.instance, call).await
    }
}
