//! The rules of some security groups, for verdicts.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types;

use super::{NetworkRule, permissions::*, some};
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
        if self.groups.is_empty() {
            return Ok(BTreeMap::new());
        }
        let filter = types::Filter::builder()
            .name("group-id")
            .set_values(Some(self.groups.iter().cloned().collect()))
            .build();
        let mut pages =
            aws.ec2().describe_security_groups().filters(filter).into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.by(DESCRIBE_SECURITY_GROUPS)?;
            for group in page.security_groups.into_iter().flatten() {
                let facts = GroupFacts {
                    ingress: NetworkRule::all(group.ip_permissions()),
                    egress: NetworkRule::all(group.ip_permissions_egress()),
                    name: some(group.group_name),
                    vpc: some(group.vpc_id),
                };
                all.insert(group.group_id.unwrap_or_default(), facts);
            }
        }
        Ok(all)
    }
}
