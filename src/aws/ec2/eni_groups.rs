//! The security groups of one network interface. Written on the interface, since
//! ModifyInstanceAttribute refuses instances with more than one.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{Aws, call_error, ec2::gone},
    engine::{CallError, Fact, Order, Permission, Rule, Setting, on},
};

const READ: &str = "ec2:DescribeNetworkInterfaces";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EniGroups {
    pub interface: String,
}

impl EniGroups {
    pub fn of(interface: impl AsRef<str>) -> Self {
        Self { interface: interface.as_ref().into() }
    }
}

impl Fact<Aws> for EniGroups {
    const KIND: &'static str = "ec2.eni-groups";
    const READS: &'static [Permission] = &[on(READ, "*")];
    /// Ids of all its groups.
    type Value = BTreeSet<String>;

    fn target(&self) -> String {
        self.interface.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<BTreeSet<String>, CallError> {
        let call = aws
            .ec2()
            .describe_network_interfaces()
            .network_interface_ids(&self.interface)
            .send()
            .await
            .map_err(|e| call_error(READ, e))?;
        let found = call.network_interfaces.into_iter().flatten().next();
        let found = found.ok_or_else(|| gone(READ, "network interface", &self.interface))?;
        Ok(found.groups.into_iter().flatten().filter_map(|group| group.group_id).collect())
    }
}

impl Setting<Aws> for EniGroups {
    const RULE: Rule = restored(Order::Network);
    const WRITES: &'static [Permission] = &[
        on(
            "ec2:ModifyNetworkInterfaceAttribute",
            "arn:aws:ec2:{region}:{account}:network-interface/*",
        ),
        on(
            "ec2:ModifyNetworkInterfaceAttribute",
            "arn:aws:ec2:{region}:{account}:security-group/*",
        ),
        on("ec2:ModifyNetworkInterfaceAttribute", "arn:aws:ec2:{region}:{account}:instance/*"),
    ];

    async fn write(&self, aws: &Aws, value: &BTreeSet<String>) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_network_interface_attribute()
            .network_interface_id(&self.interface)
            .set_groups(Some(value.iter().cloned().collect()))
            .send()
            .await;
        call.map_err(|e| call_error("ec2:ModifyNetworkInterfaceAttribute", e)).map(drop)
    }
}
