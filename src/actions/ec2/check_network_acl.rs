//! Check which network ACL a subnet is associated with; with `is`, fails the step when it is another.
//!
//! AWS FIS swaps the ACL of a subnet to disrupt its connectivity, and swaps it back at the end: the
//! same ACL before and after shows that the fault left nothing behind.
//!
//! ```yaml
//! - id: acl-after
//!   uses: ec2.check-network-acl
//!   with:
//!     subnet: ${{ steps.network.subnets[0] }}
//!     is: ${{ steps.acl-before.acl }}
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#disrupt-connectivity>

use crate::{
    actions::kit::*,
    aws::ec2::{AclFacts, SubnetAcl},
};

/// Inputs of `ec2.check-network-acl`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckNetworkAcl {
    /// Id of the subnet.
    #[schemars(length(min = 1))]
    pub subnet: String,
    /// Id of the ACL that it must be associated with.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub is: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Associated {
    /// Id of the ACL.
    pub acl: String,
    /// It is the VPC's default ACL.
    pub default: bool,
}

impl Action for CheckNetworkAcl {
    const SPEC: Spec = spec! {
        "ec2.check-network-acl": "Check which network ACL a subnet is associated with";
        Verify;
        uses [fact SubnetAcl];
    };
    type Output = Associated;

    async fn run(&self, step: &Step<Aws>) -> Result<Associated, StepError> {
        let subnet = SubnetAcl { subnet: self.subnet.clone() };
        let AclFacts { acl, default } = step.read(&subnet).await?;
        match &self.is {
            // What a plan sees is not yet what the check is about.
            Some(is) if *is != acl && !step.planning() => Err(StepError::Failed(format!(
                "subnet `{}` is associated with network ACL `{acl}`, not with `{is}`",
                self.subnet
            ))),
            _ => Ok(Associated { acl, default }),
        }
    }
}
