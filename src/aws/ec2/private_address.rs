//! The private IPv4 address of an instance, of its first interface. Owns that read.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html>

use super::{instance, permissions::*};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct PrivateAddress {
        pub instance: String,
    }
    // Empty where it has none.
    "ec2.private-address" = String, target "{instance}";
    reads [DESCRIBE_INSTANCES];
}

impl Fact<Aws> for PrivateAddress {
    async fn read(&self, aws: &Aws) -> Result<String, CallError> {
        Ok(instance(aws, &self.instance).await?.private_ip_address.unwrap_or_default())
    }
}
