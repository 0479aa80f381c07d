//! The rules of some security groups, for verdicts.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types;
use futures::future::join_all;

use super::{NetworkRule, lookup, permissions::*, some};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct SecurityGroups {
        pub groups: BTreeSet<String>,
    }
    // By group id; a group that does not exist is not in it.
    "ec2.security-groups" = BTreeMap<String, GroupFacts>,
        target "{}" of |it| it.groups.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    reads [DESCRIBE_SECURITY_GROUPS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupFacts {
    pub name: Option<String>,
    pub vpc: Option<String>,
    pub ingress: BTreeSet<NetworkRule>,
    pub egress: BTreeSet<NetworkRule>,
}

impl Fact<Aws> for SecurityGroups {
    async fn read(&self, aws: &Aws) -> Result<BTreeMap<String, GroupFacts>, CallError> {
        let asked = self.groups.iter().map(|id| async move {
            let found = lookup::group(aws, id).await?;
            Ok(found.map(|group| (id.clone(), GroupFacts::of(group))))
        });
        let found: Vec<_> = join_all(asked).await.into_iter().collect::<Result<_, CallError>>()?;
        Ok(found.into_iter().flatten().collect())
    }
}

impl GroupFacts {
    fn of(group: types::SecurityGroup) -> Self {
        Self {
            ingress: NetworkRule::all(group.ip_permissions()),
            egress: NetworkRule::all(group.ip_permissions_egress()),
            name: some(group.group_name),
            vpc: some(group.vpc_id),
        }
    }
}

fact! {
    /// Groups of one VPC that let nothing in and nothing out, whoever made them.
    #[derive(PartialEq, Eq)]
    pub struct EmptyGroups {
        pub vpc: String,
    }
    // Group ids.
    "ec2.empty-groups" = BTreeSet<String>, target "{vpc}";
    reads [DESCRIBE_SECURITY_GROUPS];
}

impl Fact<Aws> for EmptyGroups {
    async fn read(&self, aws: &Aws) -> Result<BTreeSet<String>, CallError> {
        let of = lookup::filter("vpc-id", vec![self.vpc.clone()]);
        let call = aws.ec2().describe_security_groups().filters(of);
        let page = |token| call.clone().set_next_token(token).send();
        let mut all = BTreeSet::new();
        for page in Pages::new(DESCRIBE_SECURITY_GROUPS, page).all().await? {
            let groups = page.security_groups.into_iter().flatten();
            let empty = groups.filter(|group| {
                group.ip_permissions().is_empty() && group.ip_permissions_egress().is_empty()
            });
            all.extend(empty.filter_map(|group| group.group_id));
        }
        Ok(all)
    }
}
