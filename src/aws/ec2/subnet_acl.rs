//! The network ACL that a subnet is associated with. A subnet always has exactly one.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html>

use aws_sdk_ec2::types;

use super::{gone, permissions::*};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct SubnetAcl {
        pub subnet: String,
    }
    "ec2.subnet-acl" = AclFacts, target "{subnet}";
    reads [DESCRIBE_NETWORK_ACLS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AclFacts {
    pub acl: String,
    /// It is its VPC's default.
    pub default: bool,
}

impl Fact<Aws> for SubnetAcl {
    async fn read(&self, aws: &Aws) -> Result<AclFacts, CallError> {
        let of = types::Filter::builder().name("association.subnet-id").values(&self.subnet);
        let call = aws.ec2().describe_network_acls().filters(of.build());
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_NETWORK_ACLS, page).all().await?;
        let found = pages.into_iter().flat_map(|page| page.network_acls.unwrap_or_default()).next();
        let found = found.ok_or_else(|| {
            gone(DESCRIBE_NETWORK_ACLS.action, "network ACL of subnet", &self.subnet)
        })?;
        Ok(AclFacts {
            acl: found.network_acl_id.unwrap_or_default(),
            default: found.is_default.unwrap_or_default(),
        })
    }
}
