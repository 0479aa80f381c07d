//! Seeds the instances and what hangs on them: interfaces, an Elastic IP, volumes.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    DomainType, IamInstanceProfileSpecification, Instance, InstanceNetworkInterfaceSpecification,
    InstanceType, ResourceType, VolumeType,
};

use super::network::Network;
use super::spec;
use super::tags::{DUTY, failed, filter, missing, seeded, tagged};
use crate::lab::LabError;

/// The endpoint's newest image that the seed asks for.
pub(super) async fn image(ec2: &Client, spec: &spec::Image) -> Result<String, LabError> {
    for name in &spec.names {
        let images = ec2
            .describe_images()
            .filters(filter("name", [name.as_str()]))
            .send()
            .await
            .map_err(failed("image"))?;
        let newest =
            images.images().iter().max_by_key(|image| (image.creation_date(), image.image_id()));
        if let Some(id) = newest.and_then(|image| image.image_id()) {
            return Ok(id.into());
        }
    }
    Ok(spec.fallback.clone())
}

/// The instance that was seeded as `name` and is not terminated.
pub(super) async fn find(ec2: &Client, name: &str) -> Result<Option<Instance>, LabError> {
    let states = filter("instance-state-name", ["pending", "running", "stopping", "stopped"]);
    let found = ec2.describe_instances().filters(seeded(name)).filters(states).send().await;
    let found = found.map_err(failed(format!("instance {name}")))?;
    Ok(found
        .reservations()
        .iter()
        .flat_map(aws_sdk_ec2::types::Reservation::instances)
        .next()
        .cloned())
}

/// Makes whatever of the instance is not there yet; returns its id.
pub(super) async fn seed(
    ec2: &Client,
    spec: &spec::Instance,
    network: &Network,
    image: &str,
) -> Result<String, LabError> {
    let step = format!("instance {}", spec.name);
    let instance = match find(ec2, &spec.name).await? {
        Some(instance) => instance,
        None => {
            run(ec2, spec, network, image).await?;
            // Read again: the answer of RunInstances has no volumes and no addresses yet.
            find(ec2, &spec.name).await?.ok_or_else(|| missing(&step))?
        }
    };
    let id = instance.instance_id().ok_or_else(|| missing(&step))?;
    wait_until_running(ec2, &spec.name).await?;
    // ministack's instances have no interfaces: nothing can hang on them there.
    let interfaces =
        if instance.network_interfaces().is_empty() { &[][..] } else { &spec.interfaces };
    for (index, interface) in (1..).zip(interfaces) {
        self::interface(ec2, interface, index, id, network).await?;
    }
    if let Some(name) = &spec.elastic_ip {
        elastic_ip(ec2, name, &instance).await?;
    }
    let zone = instance
        .placement()
        .and_then(|placement| placement.availability_zone())
        .unwrap_or_default();
    for volume in &spec.volumes {
        self::volume(ec2, volume, id, zone).await?;
    }
    Ok(id.into())
}

async fn run(
    ec2: &Client,
    spec: &spec::Instance,
    network: &Network,
    image: &str,
) -> Result<(), LabError> {
    let mut tags = spec.tags.clone();
    tags.insert(DUTY.into(), spec.duty.label().into());
    let primary = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(&network.subnets[&spec.subnet])
        .private_ip_address(&spec.address)
        .set_groups(Some(spec.groups.iter().map(|group| network.groups[group].clone()).collect()))
        .build();
    let profile = spec
        .profile
        .as_ref()
        .map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    ec2.run_instances()
        .image_id(image)
        .instance_type(InstanceType::from(spec.kind.as_str()))
        .min_count(1)
        .max_count(1)
        .network_interfaces(primary)
        .set_iam_instance_profile(profile)
        .set_user_data(spec.user_data.as_ref().map(aws_smithy_types::base64::encode))
        .tag_specifications(tagged(ResourceType::Instance, &spec.name, &tags))
        .tag_specifications(tagged(ResourceType::Volume, &spec.name, &BTreeMap::new()))
        .send()
        .await
        .map_err(failed(format!("instance {}", spec.name)))
        .map(drop)
}

async fn wait_until_running(ec2: &Client, name: &str) -> Result<(), LabError> {
    // Local endpoints need no time; a stopped instance (a playbook may have stopped it) is left as it is.
    for _ in 0..50 {
        let state = find(ec2, name).await?.and_then(|instance| instance.state?.name);
        if state.as_ref().is_some_and(|state| state.as_str() != "pending") {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(LabError::Seed { step: format!("instance {name}"), why: "it stays pending".into() })
}

async fn interface(
    ec2: &Client,
    spec: &spec::Interface,
    index: i32,
    instance: &str,
    network: &Network,
) -> Result<(), LabError> {
    let step = format!("interface {}", spec.name);
    let found = ec2
        .describe_network_interfaces()
        .filters(seeded(&spec.name))
        .send()
        .await
        .map_err(failed(&step))?;
    let (id, is_attached) = match found.network_interfaces().first() {
        Some(one) => (one.network_interface_id().map(str::to_owned), one.attachment().is_some()),
        None => {
            let made = ec2
                .create_network_interface()
                .subnet_id(&network.subnets[&spec.subnet])
                .private_ip_address(&spec.address)
                .description(&spec.name)
                .set_groups(Some(
                    spec.groups.iter().map(|group| network.groups[group].clone()).collect(),
                ))
                .tag_specifications(tagged(
                    ResourceType::NetworkInterface,
                    &spec.name,
                    &BTreeMap::new(),
                ))
                .send()
                .await
                .map_err(failed(&step))?;
            (
                made.network_interface()
                    .and_then(|one| one.network_interface_id())
                    .map(str::to_owned),
                false,
            )
        }
    };
    let id = id.ok_or_else(|| missing(&step))?;
    if is_attached {
        return Ok(());
    }
    let attach = ec2
        .attach_network_interface()
        .network_interface_id(id)
        .instance_id(instance)
        .device_index(index);
    attach.send().await.map_err(failed(step)).map(drop)
}

async fn elastic_ip(ec2: &Client, name: &str, instance: &Instance) -> Result<(), LabError> {
    let step = format!("Elastic IP {name}");
    let found =
        ec2.describe_addresses().filters(seeded(name)).send().await.map_err(failed(&step))?;
    let (allocation, is_associated) = match found.addresses().first() {
        Some(one) => (one.allocation_id().map(str::to_owned), one.association_id().is_some()),
        None => {
            let made = ec2
                .allocate_address()
                .domain(DomainType::Vpc)
                .tag_specifications(tagged(ResourceType::ElasticIp, name, &BTreeMap::new()))
                .send()
                .await
                .map_err(failed(&step))?;
            (made.allocation_id().map(str::to_owned), false)
        }
    };
    if is_associated {
        return Ok(());
    }
    let primary = instance
        .network_interfaces()
        .iter()
        .find(|one| {
            one.attachment()
                .and_then(aws_sdk_ec2::types::InstanceNetworkInterfaceAttachment::device_index)
                == Some(0)
        })
        .and_then(|one| one.network_interface_id());
    let allocation = allocation.ok_or_else(|| missing(&step))?;
    let associate = ec2.associate_address().allocation_id(allocation);
    let associate = match primary {
        Some(interface) => associate.network_interface_id(interface),
        None => associate.set_instance_id(instance.instance_id.clone()),
    };
    associate.send().await.map_err(failed(step)).map(drop)
}

async fn volume(
    ec2: &Client,
    spec: &spec::Volume,
    instance: &str,
    zone: &str,
) -> Result<(), LabError> {
    let step = format!("volume {}", spec.name);
    let found =
        ec2.describe_volumes().filters(seeded(&spec.name)).send().await.map_err(failed(&step))?;
    let (id, is_attached) = match found.volumes().first() {
        Some(one) => (one.volume_id().map(str::to_owned), !one.attachments().is_empty()),
        None => {
            let made = ec2
                .create_volume()
                .availability_zone(zone)
                .size(spec.gib)
                .volume_type(VolumeType::Gp3)
                .tag_specifications(tagged(ResourceType::Volume, &spec.name, &BTreeMap::new()))
                .send()
                .await
                .map_err(failed(&step))?;
            (made.volume_id().map(str::to_owned), false)
        }
    };
    let id = id.ok_or_else(|| missing(&step))?;
    if is_attached {
        return Ok(());
    }
    let attach = ec2.attach_volume().volume_id(id).instance_id(instance).device(&spec.device);
    attach.send().await.map_err(failed(step)).map(drop)
}
