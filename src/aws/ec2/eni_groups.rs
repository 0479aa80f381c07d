//! The security groups of one network interface. Written on the interface, since
//! ModifyInstanceAttribute refuses instances with more than one.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html>

use std::collections::BTreeSet;

use super::{lookup, permissions::*, things::INTERFACE};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct EniGroups {
        pub interface: String,
    }
    // Ids of all its groups.
    "ec2.eni-groups" = BTreeSet<String>, target "{interface}";
    reads [DESCRIBE_NETWORK_INTERFACES];
    writes [
        MODIFY_NETWORK_INTERFACE_ATTRIBUTE,
        MODIFY_NETWORK_INTERFACE_ATTRIBUTE.at(SECURITY_GROUPS),
        MODIFY_NETWORK_INTERFACE_ATTRIBUTE.at(INSTANCES),
    ];
    release Restored Network;
    touches [INTERFACE(interface)];
}

impl EniGroups {
    pub fn of(interface: impl AsRef<str>) -> Self {
        Self { interface: interface.as_ref().into() }
    }
}

impl Fact<Aws> for EniGroups {
    async fn read(&self, aws: &Aws) -> Result<BTreeSet<String>, CallError> {
        let found = lookup::interface(aws, &self.interface).await?;
        Ok(found.groups.into_iter().flatten().filter_map(|group| group.group_id).collect())
    }
}

impl Setting<Aws> for EniGroups {
    async fn write(&self, aws: &Aws, value: &BTreeSet<String>) -> Result<(), CallError> {
        let call = aws
            .ec2()
            .modify_network_interface_attribute()
            .network_interface_id(&self.interface)
            .set_groups(Some(value.iter().cloned().collect()))
            .send()
            .await;
        call.by(MODIFY_NETWORK_INTERFACE_ATTRIBUTE).map(drop)
    }
}
