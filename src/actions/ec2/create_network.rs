//! Build a VPC with one subnet in each Availability Zone asked for, for a drill's instances or for
//! what a restore brings back.
//!
//! Nothing in it reaches anything outside: no internet gateway, no peering, no endpoint, no public
//! addresses. Its own traffic is not limited by more than the default security group.
//!
//! ```yaml
//! - id: network
//!   uses: ec2.create-network
//!   with:
//!     cidr: 10.255.0.0/24
//!     availability-zones: [eu-central-1a, eu-central-1b]
//! ```
//!
//! The VPC and its subnets carry the tags of run and step. Release deletes them, and waits up to
//! five minutes for interfaces of terminated instances that still hold them.
//!
//! AWS: <https://docs.aws.amazon.com/vpc/latest/userguide/create-vpc.html>

use std::collections::BTreeMap;

use super::ranges::divide;
use crate::{
    actions::kit::*,
    aws::ec2::{Mark, Network, Segment, Subnet, Vpc, Zones},
    playbook::types::Cidr,
};

/// Inputs of `ec2.create-network`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateNetwork {
    /// IPv4 range of the VPC, /16 to /28, divided evenly among its subnets.
    #[serde(default = "private_range")]
    pub cidr: Cidr,
    /// Availability Zones, by name, one subnet each; the first of the Region when left out.
    #[serde(default)]
    pub availability_zones: Vec<String>,
    /// Instead of names: so many of the Region's zones, in the order of their names.
    #[serde(default)]
    #[schemars(range(min = 1, max = 6))]
    pub zones: Option<u32>,
    /// Further tags of the VPC and its subnets.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn private_range() -> Cidr {
    Cidr::new("10.255.0.0/24").expect("a well-formed constant")
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Built {
    /// Id of the VPC.
    pub vpc: String,
    /// Ids of the subnets, in the order of the zones.
    pub subnets: Vec<String>,
}

impl Action for CreateNetwork {
    const SPEC: Spec = spec! {
        "ec2.create-network": "Build a VPC with subnets that reaches nothing outside";
        Recover;
        uses [fact Zones, setting Vpc, setting Subnet];
    };
    type Output = Built;

    async fn run(&self, step: &Step<Aws>) -> Result<Built, StepError> {
        let zones = self.zones(step).await?;
        let ranges = divide(self.cidr.as_str(), zones.len()).map_err(StepError::Refused)?;
        let mark = |name: String| Mark {
            run: step.run().into(),
            step: step.id().into(),
            name,
            tags: self.tags.clone(),
        };
        let name = format!("backburn-{}-{}", step.run(), step.id());
        let vpc = Vpc { mark: mark(name.clone()) };
        let want = Network { id: None, cidr: self.cidr.to_string() };
        let vpc = Network::id_or_open(step.set(vpc, Some(want)).await?.as_ref());
        let mut subnets = Vec::new();
        for (zone, cidr) in zones.into_iter().zip(ranges) {
            let subnet = Subnet { mark: mark(format!("{name}-{zone}")) };
            let want = Segment { id: None, vpc: vpc.clone(), zone, cidr };
            subnets.push(Segment::id_or_open(step.set(subnet, Some(want)).await?.as_ref()));
        }
        Ok(Built { vpc, subnets })
    }
}

impl CreateNetwork {
    async fn zones(&self, step: &Step<Aws>) -> Result<Vec<String>, StepError> {
        let have = step.read(&Zones::of(step.world())).await?;
        if self.zones.is_some() && !self.availability_zones.is_empty() {
            let text = "give `availability-zones` or `zones`, not both";
            return Err(StepError::Refused(text.into()));
        }
        if self.availability_zones.is_empty() {
            let wanted = self.zones.unwrap_or(1) as usize;
            if wanted == 0 || have.len() < wanted {
                let text = format!(
                    "{wanted} available zones are asked for, and the Region has {}",
                    have.len()
                );
                return Err(StepError::Refused(text));
            }
            return Ok(have.into_iter().take(wanted).collect());
        }
        let mut wanted: Vec<String> = Vec::new();
        for zone in &self.availability_zones {
            if !have.contains(zone) {
                let have = have.join("`, `");
                let text = format!("there is no available zone `{zone}` here; there are `{have}`");
                return Err(StepError::Refused(text));
            }
            if wanted.contains(zone) {
                return Err(StepError::Refused(format!("zone `{zone}` is named twice")));
            }
            wanted.push(zone.clone());
        }
        Ok(wanted)
    }
}
