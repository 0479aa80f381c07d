//! Whether the API may terminate an instance (`DisableApiTermination`). Does not keep the guest
//! from shutting down, nor Auto Scaling from terminating it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html>

use aws_sdk_ec2::types::{AttributeBooleanValue, InstanceAttributeName};
use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, Order, Permission, Rule, Setting, on},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminationProtection {
    pub instance: String,
}

impl TerminationProtection {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for TerminationProtection {
    const KIND: &'static str = "ec2.termination-protection";
    const READS: &'static [Permission] =
        &[on("ec2:DescribeInstanceAttribute", "arn:aws:ec2:{region}:{account}:instance/*")];
    /// `true`: protected.
    type Value = bool;

    fn target(&self) -> String {
        self.instance.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws
            .ec2()
            .describe_instance_attribute()
            .instance_id(&self.instance)
            .attribute(InstanceAttributeName::DisableApiTermination)
            .send()
            .await
            .map_err(|e| call_error("ec2:DescribeInstanceAttribute", e))?;
        Ok(call.disable_api_termination.and_then(|a| a.value).unwrap_or_default())
    }
}

impl Setting<Aws> for TerminationProtection {
    const RULE: Rule = restored(Order::Protection);
    const WRITES: &'static [Permission] =
        &[on("ec2:ModifyInstanceAttribute", "arn:aws:ec2:{region}:{account}:instance/*")];

    async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_instance_attribute()
            .instance_id(&self.instance)
            .disable_api_termination(AttributeBooleanValue::builder().value(*value).build())
            .send()
            .await;
        call.map_err(|e| call_error("ec2:ModifyInstanceAttribute", e)).map(drop)
    }
}
