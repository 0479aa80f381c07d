//! A subnet that a step builds in its own VPC: absent, or present. It assigns no public addresses.
//!
//! CreateSubnet takes no client token: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>.

use aws_sdk_ec2::types;

use super::{
    once,
    owned::{Mark, remove},
    patiently,
    permissions::*,
    single_attempt,
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Subnet {
        #[serde(flatten)]
        pub mark: Mark,
    }
    // `None`: there is no such subnet.
    "ec2.subnet" = Option<Segment>, target "{}" of |it| it.mark.name.clone();
    reads [DESCRIBE_SUBNETS];
    writes [CREATE_SUBNET, CREATE_SUBNET.at(VPCS), CREATE_TAGS.at(SUBNETS), DELETE_SUBNET];
    releases [DELETE_SUBNET];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Segment {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub vpc: String,
    /// Availability Zone.
    pub zone: String,
    /// IPv4 range, /16 to /28.
    pub cidr: String,
}

impl Segment {
    /// The id, or what stands for it in a plan.
    pub fn id_or_open(segment: Option<&Self>) -> String {
        segment.and_then(|segment| segment.id.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl Subnet {
    /// Sorted by id. More than one only when AWS made two of one request.
    async fn find(&self, aws: &Aws) -> Result<Vec<types::Subnet>, CallError> {
        let call = aws.ec2().describe_subnets().set_filters(Some(self.mark.filters()));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_SUBNETS, page).all().await?;
        let found = pages.into_iter().flat_map(|page| page.subnets.unwrap_or_default());
        let mut found: Vec<_> = found.filter(|subnet| self.mark.is_on(subnet.tags())).collect();
        found.sort_by(|a, b| a.subnet_id.cmp(&b.subnet_id));
        Ok(found)
    }

    async fn create(&self, aws: &Aws, want: &Segment) -> Result<String, CallError> {
        let call = aws
            .ec2()
            .create_subnet()
            .vpc_id(&want.vpc)
            .cidr_block(&want.cidr)
            .availability_zone(&want.zone)
            .tag_specifications(self.mark.specification(types::ResourceType::Subnet))
            .customize()
            .config_override(single_attempt())
            .send()
            .await
            .by(CREATE_SUBNET)?;
        Ok(call.subnet.and_then(|subnet| subnet.subnet_id).unwrap_or_default())
    }
}

impl Fact<Aws> for Subnet {
    async fn read(&self, aws: &Aws) -> Result<Option<Segment>, CallError> {
        let found = self.find(aws).await?.into_iter().next();
        let segment = |subnet: types::Subnet| Segment {
            id: subnet.subnet_id,
            vpc: subnet.vpc_id.unwrap_or_default(),
            zone: subnet.availability_zone.unwrap_or_default(),
            cidr: subnet.cidr_block.unwrap_or_default(),
        };
        Ok(found.map(segment))
    }
}

impl Setting<Aws> for Subnet {
    async fn write(&self, aws: &Aws, value: &Option<Segment>) -> Result<(), CallError> {
        let found = self.find(aws).await?;
        let Some(want) = value else {
            for id in found.into_iter().filter_map(|subnet| subnet.subnet_id) {
                remove(|| async {
                    let call = aws.ec2().delete_subnet().subnet_id(&id).send().await.map(drop);
                    call.by(DELETE_SUBNET)
                })
                .await?;
            }
            return Ok(());
        };
        if found.is_empty() {
            let known = || async {
                Ok(self.find(aws).await?.into_iter().next().and_then(|subnet| subnet.subnet_id))
            };
            // A VPC that was made a moment ago may not be known everywhere.
            once(|| patiently(|| self.create(aws, want)), known).await?;
        }
        Ok(())
    }

    fn agrees(want: &Option<Segment>, have: &Option<Segment>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                (&want.vpc, &want.zone, &want.cidr) == (&have.vpc, &have.zone, &have.cidr)
                    && (want.id.is_none() || have.id.is_none() || want.id == have.id)
            }
            _ => false,
        }
    }
}
