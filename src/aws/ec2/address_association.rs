//! What one Elastic IP is associated with. The address is never released: that would lose it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html>

use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{
        Aws, call_error,
        ec2::{gone, some},
    },
    engine::{CallError, Class, Fact, Order, Permission, Rule, Setting, on, settled},
};

const READ: &str = "ec2:DescribeAddresses";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressAssociation {
    /// `eipalloc-...`
    pub allocation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Association {
    pub interface: String,
    pub private_address: String,
}

impl AddressAssociation {
    pub fn of(allocation: impl AsRef<str>) -> Self {
        Self { allocation: allocation.as_ref().into() }
    }

    async fn address(&self, aws: &Aws) -> Result<aws_sdk_ec2::types::Address, CallError> {
        let call = aws.ec2().describe_addresses().allocation_ids(&self.allocation).send().await;
        let found = call.map_err(|e| call_error(READ, e))?.addresses.into_iter().flatten().next();
        found.ok_or_else(|| gone(READ, "Elastic IP", &self.allocation))
    }
}

impl Fact<Aws> for AddressAssociation {
    const KIND: &'static str = "ec2.address-association";
    const READS: &'static [Permission] = &[on(READ, "*")];
    /// `None`: not associated.
    type Value = Option<Association>;

    fn target(&self) -> String {
        self.allocation.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Association>, CallError> {
        let found = self.address(aws).await?;
        let interface = some(found.association_id).and(some(found.network_interface_id));
        Ok(interface.map(|interface| Association {
            interface,
            private_address: found.private_ip_address.unwrap_or_default(),
        }))
    }
}

impl Setting<Aws> for AddressAssociation {
    const RULE: Rule = restored(Order::Network);
    const WRITES: &'static [Permission] = &[
        on("ec2:AssociateAddress", "arn:aws:ec2:{region}:{account}:elastic-ip/*"),
        on("ec2:AssociateAddress", "arn:aws:ec2:{region}:{account}:instance/*"),
        on("ec2:AssociateAddress", "arn:aws:ec2:{region}:{account}:network-interface/*"),
        on("ec2:DisassociateAddress", "arn:aws:ec2:{region}:{account}:elastic-ip/*"),
        on("ec2:DisassociateAddress", "arn:aws:ec2:{region}:{account}:instance/*"),
        on("ec2:DisassociateAddress", "arn:aws:ec2:{region}:{account}:network-interface/*"),
    ];

    async fn write(&self, aws: &Aws, value: &Option<Association>) -> Result<(), CallError> {
        let Some(to) = value else {
            let Some(id) = some(self.address(aws).await?.association_id) else { return Ok(()) };
            let call = aws.ec2().disassociate_address().association_id(id).send().await;
            let call = call.map_err(|e| call_error("ec2:DisassociateAddress", e)).map(drop);
            return settled(call, Class::Gone);
        };
        let call = aws
            .ec2()
            .associate_address()
            .allocation_id(&self.allocation)
            .network_interface_id(&to.interface)
            .private_ip_address(&to.private_address)
            // Someone who gave the address another use meanwhile keeps it.
            .allow_reassociation(false)
            .send()
            .await;
        call.map_err(|e| call_error("ec2:AssociateAddress", e)).map(drop)
    }
}
