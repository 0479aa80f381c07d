//! One instance as EC2 describes it. Its network interfaces are a fact of their own
//! ([`super::Interfaces`]).
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html>

use std::collections::BTreeMap;

use aws_sdk_ec2::types;

use super::{instance, permissions::*, some, tags};
use crate::aws::kit::*;

/// Set by EC2 Auto Scaling on every instance of a group:
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Who else starts and ends instances, by the tag that each puts on its own. In this order: a node of a
/// managed node group has the tags of its Auto Scaling group as well.
/// <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>,
/// <https://karpenter.sh/docs/concepts/nodeclasses/#spectags>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html>,
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-tags.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-fleet-tagging.html>
const MANAGERS: &[(&str, &str)] = &[
    ("karpenter.sh/nodepool", "Karpenter, node pool"),
    ("karpenter.sh/provisioner-name", "Karpenter, provisioner"),
    ("eks:nodegroup-name", "an EKS node group,"),
    ("eks:eks-cluster-name", "EKS Auto Mode, cluster"),
    ("aws:eks:cluster-name", "EKS, cluster"),
    ("AmazonECSManaged", "an ECS capacity provider"),
    ("aws:ecs:clusterName", "ECS, cluster"),
    ("aws:elasticmapreduce:job-flow-id", "EMR, cluster"),
    ("aws:ec2:fleet-id", "an EC2 Fleet,"),
    ("aws:ec2spot:fleet-request-id", "a Spot Fleet,"),
];

fact! {
    #[derive(PartialEq, Eq)]
    pub struct Instance {
        pub instance: String,
    }
    "ec2.instance" = InstanceFacts, target "{instance}";
    reads [DESCRIBE_INSTANCES];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstanceFacts {
    pub instance: String,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`.
    pub state: String,
    pub vpc: Option<String>,
    pub subnet: Option<String>,
    pub zone: Option<String>,
    pub image: Option<String>,
    /// RFC 3339.
    pub launched: Option<String>,
    pub platform: Option<String>,
    /// ARN of the instance profile.
    pub profile: Option<String>,
    /// Name of the Auto Scaling group that it belongs to.
    pub auto_scaling_group: Option<String>,
    /// Who beside a group replaces it when it stops answering, in words: a node of a cluster or a fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    pub spot: bool,
    /// Its root device is lost when it stops.
    pub instance_store_root: bool,
    /// Id of the Spot request that it was launched by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_request: Option<String>,
    /// It was launched so that it could hibernate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub can_hibernate: bool,
    /// A public IPv4 address that is no Elastic IP: lost when it stops.
    pub auto_public_address: Option<String>,
    /// EBS volumes, by device.
    pub volumes: Vec<VolumeRef>,
    /// Interfaces of secondary networks: security groups do not apply to them.
    pub secondary_interfaces: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeRef {
    pub device: String,
    pub volume: String,
    pub delete_on_termination: bool,
}

impl Instance {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for Instance {
    async fn read(&self, aws: &Aws) -> Result<InstanceFacts, CallError> {
        Ok(facts(instance(aws, &self.instance).await?, &self.instance))
    }
}

fn facts(found: types::Instance, id: &str) -> InstanceFacts {
    let mut volumes: Vec<_> =
        found.block_device_mappings.into_iter().flatten().filter_map(volume).collect();
    volumes.sort();
    let auto_public_address = found
        .network_interfaces
        .iter()
        .flatten()
        .filter_map(|interface| interface.association.as_ref())
        .find(|association| association.ip_owner_id() == Some("amazon"))
        .and_then(|association| some(association.public_ip.clone()));
    let mut secondary: Vec<_> = found
        .secondary_interfaces
        .into_iter()
        .flatten()
        .filter_map(|interface| interface.secondary_interface_id)
        .collect();
    secondary.sort();
    let tags = tags(found.tags);
    // An instance that a service runs in the account for itself.
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/amazon-ec2-managed-instances.html>
    let operator = found.operator.and_then(|o| o.managed?.then(|| o.principal.unwrap_or_default()));
    InstanceFacts {
        instance: id.into(),
        state: found
            .state
            .and_then(|state| state.name)
            .map_or_else(|| "unknown".into(), |name| name.as_str().to_string()),
        vpc: some(found.vpc_id),
        subnet: some(found.subnet_id),
        zone: found.placement.and_then(|placement| some(placement.availability_zone)),
        image: some(found.image_id),
        launched: found.launch_time.map(|time| time.to_string()),
        platform: found
            .platform_details
            .or(found.platform.map(|platform| platform.as_str().to_string())),
        profile: found.iam_instance_profile.and_then(|profile| some(profile.arn)),
        auto_scaling_group: tags.get(GROUP_TAG).cloned(),
        manager: operator.map(|who| format!("`{who}`")).or_else(|| manager(&tags)),
        spot: found.instance_lifecycle == Some(types::InstanceLifecycleType::Spot),
        spot_request: some(found.spot_instance_request_id),
        can_hibernate: found.hibernation_options.and_then(|o| o.configured).unwrap_or_default(),
        instance_store_root: found.root_device_type == Some(types::DeviceType::InstanceStore),
        auto_public_address,
        volumes,
        secondary_interfaces: secondary,
        tags,
    }
}

fn manager(tags: &BTreeMap<String, String>) -> Option<String> {
    let (tag, who) = MANAGERS.iter().find(|(tag, _)| tags.contains_key(*tag))?;
    Some(match tags[*tag].as_str() {
        "" | "true" => (*who).to_owned(),
        name => format!("{who} `{name}`"),
    })
}

fn volume(mapping: types::InstanceBlockDeviceMapping) -> Option<VolumeRef> {
    let ebs = mapping.ebs?;
    Some(VolumeRef {
        device: mapping.device_name.unwrap_or_default(),
        volume: ebs.volume_id?,
        delete_on_termination: ebs.delete_on_termination.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_canonical() {
        let mapping = |device: &str, volume: &str| {
            let ebs = types::EbsInstanceBlockDevice::builder().volume_id(volume).build();
            types::InstanceBlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
        };
        let tag = types::Tag::builder().key(GROUP_TAG).value("web").build();
        let found = types::Instance::builder()
            .block_device_mappings(mapping("/dev/sdb", "vol-2"))
            .block_device_mappings(mapping("/dev/sda1", "vol-1"))
            .vpc_id("")
            .tags(tag)
            .build();
        let facts = facts(found, "i-1");
        assert_eq!(facts.volumes[0].volume, "vol-1");
        assert_eq!(facts.vpc, None);
        assert_eq!(facts.auto_scaling_group.as_deref(), Some("web"));
        assert_eq!(facts.manager, None);
    }

    #[test]
    fn whoever_replaces_a_node_is_known_by_the_tag_it_puts_there() {
        let tagged = |key: &str, value: &str| {
            let tag = types::Tag::builder().key(key).value(value).build();
            facts(types::Instance::builder().tags(tag).build(), "i-1").manager
        };
        for (key, value, who) in [
            ("karpenter.sh/nodepool", "default", "Karpenter, node pool `default`"),
            ("eks:nodegroup-name", "web", "an EKS node group, `web`"),
            ("AmazonECSManaged", "", "an ECS capacity provider"),
            ("aws:elasticmapreduce:job-flow-id", "j-1", "EMR, cluster `j-1`"),
            ("aws:ec2:fleet-id", "fleet-1", "an EC2 Fleet, `fleet-1`"),
        ] {
            assert_eq!(tagged(key, value).as_deref(), Some(who));
        }
        assert_eq!(tagged("Name", "web"), None);
        let operator =
            types::OperatorResponse::builder().managed(true).principal("eks.amazonaws.com");
        let auto = types::Instance::builder().operator(operator.build()).build();
        assert_eq!(facts(auto, "i-1").manager.as_deref(), Some("`eks.amazonaws.com`"));
    }
}
