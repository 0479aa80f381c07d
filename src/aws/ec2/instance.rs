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
    pub spot: bool,
    /// Its root device is lost when it stops.
    pub instance_store_root: bool,
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
        spot: found.instance_lifecycle == Some(types::InstanceLifecycleType::Spot),
        instance_store_root: found.root_device_type == Some(types::DeviceType::InstanceStore),
        auto_public_address,
        volumes,
        secondary_interfaces: secondary,
        tags,
    }
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
    }
}
