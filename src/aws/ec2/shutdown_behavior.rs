//! What an instance becomes when its guest shuts down: `stop` or `terminate`.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html>

use aws_sdk_ec2::types::{AttributeValue, InstanceAttributeName};
use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, Order, Permission, Rule, Setting, on},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutdownBehavior {
    pub instance: String,
}

impl ShutdownBehavior {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for ShutdownBehavior {
    const KIND: &'static str = "ec2.shutdown-behavior";
    const READS: &'static [Permission] =
        &[on("ec2:DescribeInstanceAttribute", "arn:aws:ec2:{region}:{account}:instance/*")];
    /// `stop` or `terminate`.
    type Value = String;

    fn target(&self) -> String {
        self.instance.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<String, CallError> {
        let call = aws
            .ec2()
            .describe_instance_attribute()
            .instance_id(&self.instance)
            .attribute(InstanceAttributeName::InstanceInitiatedShutdownBehavior)
            .send()
            .await
            .map_err(|e| call_error("ec2:DescribeInstanceAttribute", e))?;
        let value = call.instance_initiated_shutdown_behavior.and_then(|a| a.value);
        Ok(value.unwrap_or_else(|| "stop".into()))
    }
}

impl Setting<Aws> for ShutdownBehavior {
    const RULE: Rule = restored(Order::Protection);
    const WRITES: &'static [Permission] =
        &[on("ec2:ModifyInstanceAttribute", "arn:aws:ec2:{region}:{account}:instance/*")];

    async fn write(&self, aws: &Aws, value: &String) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_instance_attribute()
            .instance_id(&self.instance)
            .instance_initiated_shutdown_behavior(AttributeValue::builder().value(value).build())
            .send()
            .await;
        call.map_err(|e| call_error("ec2:ModifyInstanceAttribute", e)).map(drop)
    }
}
