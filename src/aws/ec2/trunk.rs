//! The branch interfaces of a trunk: one for each pod with security groups of its own (EKS), or for each
//! task (ECS with trunking). They share the instance's wire, have no attachment and groups of their own.
//! Owns how they are found and what keeps them from being seen.
//!
//! The controller of EKS tags each branch with its trunk (`vlan.go` and `trunk.go` of
//! <https://github.com/aws/amazon-vpc-resource-controller-k8s>); what ECS makes has no such tag and is only in
//! the list of associations, which the caller may not be allowed to read.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTrunkInterfaceAssociations.html>,
//! <https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html>

use std::collections::BTreeMap;

use aws_sdk_ec2::types;

use super::{
    lookup::{filter, interfaces_where},
    permissions::*,
};
use crate::aws::kit::*;

/// Set by the VPC resource controller on each branch: the id of its trunk.
pub(super) const TRUNK_TAG: &str = "vpcresources.k8s.aws/trunk-eni-id";

/// The branches of one trunk.
pub(super) struct Branches {
    pub found: Vec<types::NetworkInterface>,
    /// Why there may be more.
    pub unseen: Option<String>,
}

pub(super) async fn branches(aws: &Aws, trunk: &str) -> Result<Branches, CallError> {
    let tagged = filter(&format!("tag:{TRUNK_TAG}"), vec![trunk.to_owned()]);
    let found = interfaces_where(aws, vec![tagged]).await?;
    // Anybody who may tag can put that tag on an interface of another host.
    let is_branch = |one: &types::NetworkInterface| {
        one.interface_type == Some(types::NetworkInterfaceType::Branch)
    };
    let mut found: BTreeMap<_, _> = found
        .into_iter()
        .filter(is_branch)
        .filter_map(|one| Some((one.network_interface_id.clone()?, one)))
        .collect();
    let (listed, mut unseen) = match associated(aws, trunk).await {
        Ok(listed) => (listed, None),
        Err(e) if matches!(e.class, Class::Throttled | Class::Unreachable | Class::Expired) => {
            return Err(e);
        }
        Err(e) => (Vec::new(), Some(e.to_string())),
    };
    let missing: Vec<_> = listed.into_iter().filter(|id| !found.contains_key(id)).collect();
    for some in missing.chunks(200) {
        let more =
            interfaces_where(aws, vec![filter("network-interface-id", some.to_vec())]).await?;
        found.extend(
            more.into_iter().filter_map(|one| Some((one.network_interface_id.clone()?, one))),
        );
        if let Some(hidden) = some.iter().find(|id| !found.contains_key(*id)) {
            unseen = Some(format!("branch `{hidden}` is not shown to this account"));
        }
    }
    Ok(Branches { found: found.into_values().collect(), unseen })
}

/// Ids of the branches that are associated with the trunk. The call has no filter for it.
async fn associated(aws: &Aws, trunk: &str) -> Result<Vec<String>, CallError> {
    let call = aws.ec2().describe_trunk_interface_associations();
    let page = |token| call.clone().set_next_token(token).send();
    let pages = Pages::new(DESCRIBE_TRUNK_INTERFACE_ASSOCIATIONS, page).all().await?;
    let all = pages.into_iter().flat_map(|page| page.interface_associations.unwrap_or_default());
    let ours = all.filter(|one| one.trunk_interface_id() == Some(trunk));
    Ok(ours.filter_map(|one| one.branch_interface_id).collect())
}

#[cfg(test)]
#[path = "trunk_tests.rs"]
mod tests;
