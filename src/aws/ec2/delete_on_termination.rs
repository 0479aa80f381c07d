//! Whether one volume of an instance is deleted with it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-root-volume-delete-on-termination.html>

use aws_sdk_ec2::types::{
    EbsInstanceBlockDeviceSpecification, InstanceBlockDeviceMappingSpecification,
};

use super::{
    gone, instance,
    permissions::*,
    things::{INSTANCE, VOLUME},
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct DeleteOnTermination {
        pub instance: String,
        pub volume: String,
    }
    "ec2.delete-on-termination" = bool, target "{instance}/{volume}";
    reads [DESCRIBE_INSTANCES];
    writes [MODIFY_INSTANCE_ATTRIBUTE, MODIFY_INSTANCE_ATTRIBUTE.at(VOLUMES)];
    release Restored Protection;
    touches [INSTANCE(instance), VOLUME(volume)];
}

impl DeleteOnTermination {
    pub fn of(instance: impl AsRef<str>, volume: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into(), volume: volume.as_ref().into() }
    }

    /// The device that the volume is attached as, and whether it goes with the instance.
    async fn attached(&self, aws: &Aws) -> Result<(String, bool), CallError> {
        let mappings = instance(aws, &self.instance).await?.block_device_mappings;
        mappings
            .into_iter()
            .flatten()
            .find_map(|mapping| {
                let ebs = mapping.ebs.filter(|e| e.volume_id() == Some(&self.volume))?;
                Some((mapping.device_name?, ebs.delete_on_termination.unwrap_or_default()))
            })
            .ok_or_else(|| gone("ec2:DescribeInstances", "attached volume", &self.target()))
    }
}

impl Fact<Aws> for DeleteOnTermination {
    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        self.attached(aws).await.map(|(_, delete)| delete)
    }
}

impl Setting<Aws> for DeleteOnTermination {
    async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
        let (device, _) = self.attached(aws).await?;
        let ebs = EbsInstanceBlockDeviceSpecification::builder()
            .volume_id(&self.volume)
            .delete_on_termination(*value)
            .build();
        let mapping =
            InstanceBlockDeviceMappingSpecification::builder().device_name(device).ebs(ebs).build();
        let call = aws
            .ec2()
            .modify_instance_attribute()
            .instance_id(&self.instance)
            .block_device_mappings(mapping)
            .send()
            .await;
        call.by(MODIFY_INSTANCE_ATTRIBUTE).map(drop)
    }
}
