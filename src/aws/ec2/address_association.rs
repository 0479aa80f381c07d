//! What one Elastic IP is associated with. The address is never released: that would lose it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html>

use super::{
    gone,
    permissions::*,
    some,
    things::{ADDRESS, INTERFACE},
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct AddressAssociation {
        /// `eipalloc-...`
        pub allocation: String,
    }
    // `None`: not associated.
    "ec2.address-association" = Option<Association>, target "{allocation}";
    reads [DESCRIBE_ADDRESSES];
    writes [
        ASSOCIATE_ADDRESS, ASSOCIATE_ADDRESS.at(INSTANCES),
        ASSOCIATE_ADDRESS.at(NETWORK_INTERFACES), DISASSOCIATE_ADDRESS,
        DISASSOCIATE_ADDRESS.at(NETWORK_INTERFACES),
    ];
    release Restored Network;
    touches [ADDRESS, INTERFACE] |it, before| it.things(before);
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

    /// The address, and the interface that loses it.
    fn things(&self, before: Option<&Option<Association>>) -> Vec<Thing> {
        let interface = before.into_iter().flatten().map(|now| INTERFACE.thing(&now.interface));
        interface.chain([ADDRESS.thing(&self.allocation)]).collect()
    }

    async fn address(&self, aws: &Aws) -> Result<aws_sdk_ec2::types::Address, CallError> {
        let call = aws.ec2().describe_addresses().allocation_ids(&self.allocation).send().await;
        let found = call.by(DESCRIBE_ADDRESSES)?.addresses.into_iter().flatten().next();
        found.ok_or_else(|| gone(DESCRIBE_ADDRESSES.action, "Elastic IP", &self.allocation))
    }
}

impl Fact<Aws> for AddressAssociation {
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
    async fn write(&self, aws: &Aws, value: &Option<Association>) -> Result<(), CallError> {
        let Some(to) = value else {
            let Some(id) = some(self.address(aws).await?.association_id) else { return Ok(()) };
            let call = aws.ec2().disassociate_address().association_id(id).send().await;
            return call.by(DISASSOCIATE_ADDRESS).done_if_gone();
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
        call.by(ASSOCIATE_ADDRESS).map(drop)
    }

    fn ended_by(error: &CallError) -> bool {
        error.code.as_deref() == Some("InvalidNetworkInterfaceID.NotFound")
    }
}
