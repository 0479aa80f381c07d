//! A VPC that a step builds: absent, or present. It has no internet gateway, no peering and no
//! endpoint, so nothing in it reaches anything outside.
//!
//! CreateVpc takes no client token: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html>.

use aws_sdk_ec2::types;

use super::{
    once,
    owned::{Mark, remove},
    permissions::*,
    single_attempt,
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Vpc {
        #[serde(flatten)]
        pub mark: Mark,
    }
    // `None`: there is no such VPC.
    "ec2.vpc" = Option<Network>, target "{}" of |it| it.mark.name.clone();
    reads [DESCRIBE_VPCS];
    writes [CREATE_VPC, CREATE_TAGS.at(VPCS), DELETE_VPC];
    releases [DELETE_VPC];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// IPv4 range, /16 to /28.
    pub cidr: String,
}

impl Network {
    /// The id, or what stands for it in a plan.
    pub fn id_or_open(network: Option<&Self>) -> String {
        network.and_then(|network| network.id.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl Vpc {
    /// Sorted by id. More than one only when AWS made two of one request.
    async fn find(&self, aws: &Aws) -> Result<Vec<types::Vpc>, CallError> {
        let call = aws.ec2().describe_vpcs().set_filters(Some(self.mark.filters()));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_VPCS, page).all().await?;
        let found = pages.into_iter().flat_map(|page| page.vpcs.unwrap_or_default());
        let mut found: Vec<_> = found.filter(|vpc| self.mark.is_on(vpc.tags())).collect();
        found.sort_by(|a, b| a.vpc_id.cmp(&b.vpc_id));
        Ok(found)
    }

    async fn create(&self, aws: &Aws, cidr: &str) -> Result<String, CallError> {
        let call = aws
            .ec2()
            .create_vpc()
            .cidr_block(cidr)
            .tag_specifications(self.mark.specification(types::ResourceType::Vpc))
            .customize()
            .config_override(single_attempt())
            .send()
            .await
            .by(CREATE_VPC)?;
        Ok(call.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default())
    }
}

impl Fact<Aws> for Vpc {
    async fn read(&self, aws: &Aws) -> Result<Option<Network>, CallError> {
        let found = self.find(aws).await?.into_iter().next();
        let network =
            |vpc: types::Vpc| Network { id: vpc.vpc_id, cidr: vpc.cidr_block.unwrap_or_default() };
        Ok(found.map(network))
    }
}

impl Setting<Aws> for Vpc {
    async fn write(&self, aws: &Aws, value: &Option<Network>) -> Result<(), CallError> {
        let found = self.find(aws).await?;
        let Some(want) = value else {
            for id in found.into_iter().filter_map(|vpc| vpc.vpc_id) {
                remove(|| async {
                    let call = aws.ec2().delete_vpc().vpc_id(&id).send().await.map(drop);
                    call.by(DELETE_VPC)
                })
                .await?;
            }
            return Ok(());
        };
        if found.is_empty() {
            let known = || async {
                Ok(self.find(aws).await?.into_iter().next().and_then(|vpc| vpc.vpc_id))
            };
            once(|| self.create(aws, &want.cidr), known).await?;
        }
        Ok(())
    }

    fn agrees(want: &Option<Network>, have: &Option<Network>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.cidr == have.cidr
                    && (want.id.is_none() || have.id.is_none() || want.id == have.id)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn setting() -> Vpc {
        let mark = Mark {
            run: "RUN".into(),
            step: "network".into(),
            name: "backburn-RUN-network".into(),
            tags: Default::default(),
        };
        Vpc { mark }
    }

    const NONE: &str = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>";
    const ONE: &str = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.255.0.0/24</cidrBlock><state>available</state><tagSet><item><key>backburn:token</key><value>backburn-RUN-network</value></item></tagSet></item></vpcSet></DescribeVpcsResponse>";

    fn wanted() -> Option<Network> {
        Some(Network { id: None, cidr: "10.255.0.0/24".into() })
    }

    #[tokio::test]
    async fn a_creating_call_whose_answer_was_lost_is_looked_for() {
        let replay = Replay::default()
            .xml("DescribeVpcs", NONE)
            .xml("DescribeVpcs", ONE)
            .ec2_error("CreateVpc", 500, "InternalError", "sorry");
        let aws = aws(&replay);
        setting().write(&aws, &wanted()).await.expect("a VPC");
        assert_eq!(replay.actions(), ["DescribeVpcs", "CreateVpc", "DescribeVpcs"]);
        let body = &replay.seen()[1].body;
        assert!(body.contains("backburn%3Arun") && body.contains("ResourceType=vpc"), "{body}");
        let have = setting().read(&aws).await.expect("a read");
        assert!(Vpc::agrees(&wanted(), &have), "{have:?}");
    }

    #[tokio::test]
    async fn what_is_gone_already_is_removed() {
        let replay = Replay::default().xml("DescribeVpcs", ONE).ec2_error(
            "DeleteVpc",
            400,
            "InvalidVpcID.NotFound",
            "no such VPC",
        );
        setting().write(&aws(&replay), &None).await.expect("nothing to do");
        let replay = Replay::default().xml("DescribeVpcs", ONE).ec2_error(
            "DeleteVpc",
            403,
            "UnauthorizedOperation",
            "no",
        );
        assert!(setting().write(&aws(&replay), &None).await.is_err());
    }
}
