//! What EC2 has that a run may touch: how its tags are read, and what hangs together. An interface and
//! an address count as the instance that they are attached to.

use aws_sdk_ec2::types::NetworkInterfaceType;
use futures::future::join_all;

use super::{
    instance,
    lookup::{interface, tags_of},
    permissions::*,
    some, tags,
    trunk::TRUNK_TAG,
};
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

const ON_INSTANCE: &[Permission] = &[DESCRIBE_INSTANCES, DESCRIBE_TAGS];
const ON_VOLUME: &[Permission] = &[DESCRIBE_VOLUMES, DESCRIBE_INSTANCES, DESCRIBE_TAGS];
const ON_INTERFACE: &[Permission] =
    &[DESCRIBE_NETWORK_INTERFACES, DESCRIBE_INSTANCES, DESCRIBE_TAGS];
const ON_ADDRESS: &[Permission] =
    &[DESCRIBE_ADDRESSES, DESCRIBE_NETWORK_INTERFACES, DESCRIBE_INSTANCES, DESCRIBE_TAGS];

pub(crate) const INSTANCE: &Of = &Of {
    name: "instance",
    counts: Counts::Instances,
    global: false,
    tags: TagReader::By { permissions: ON_INSTANCE, look: look_at_instance },
};
pub(crate) const VOLUME: &Of = &Of {
    name: "volume",
    counts: Counts::Volumes,
    global: false,
    tags: TagReader::By { permissions: ON_VOLUME, look: look_at_volume },
};
pub(crate) const INTERFACE: &Of = &Of {
    name: "network interface",
    counts: Counts::AsHolder,
    global: false,
    tags: TagReader::By { permissions: ON_INTERFACE, look: look_at_interface },
};
pub(crate) const ADDRESS: &Of = &Of {
    name: "Elastic IP address",
    counts: Counts::AsHolder,
    global: false,
    tags: TagReader::By { permissions: ON_ADDRESS, look: look_at_address },
};
pub(crate) const SNAPSHOT: &Of = &Of {
    name: "snapshot",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[DESCRIBE_TAGS], look: by_tags },
};
/// Another account, which is let in to something.
pub(crate) const ACCOUNT: &Of = &Of {
    name: "account",
    counts: Counts::Accounts,
    global: true,
    tags: TagReader::None(
        "the tags of an account are kept by AWS Organizations, in another account",
    ),
};
/// Anything else with an id of EC2's.
pub(crate) const RESOURCE: &Of = &Of {
    name: "EC2 resource",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[DESCRIBE_TAGS], look: by_tags },
};

/// The thing with an id of EC2's, by the id's prefix:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>.
pub(crate) fn by_id(id: &str) -> Thing {
    let class = match id.split_once('-').map_or("", |(prefix, _)| prefix) {
        "i" => INSTANCE,
        "vol" => VOLUME,
        "eni" => INTERFACE,
        "snap" => SNAPSHOT,
        "eipalloc" => ADDRESS,
        _ => RESOURCE,
    };
    class.thing(id)
}

/// An instance with what is attached to it: two calls, however many volumes it has and however many
/// instances are looked at.
fn look_at_instance<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let Some(found) = instance(aws, id).await.absent_if_gone()? else { return Ok(None) };
        let volumes = found.block_device_mappings.into_iter().flatten();
        let volumes = volumes.filter_map(|mapping| mapping.ebs?.volume_id);
        let interfaces = found.network_interfaces.into_iter().flatten();
        let interfaces = interfaces.filter_map(|interface| interface.network_interface_id);
        let attached: Vec<_> = volumes
            .map(|id| VOLUME.thing(id))
            .chain(interfaces.map(|id| INTERFACE.thing(id)))
            .collect();
        let parts = attached.into_iter().map(|part| async move {
            let tags = tags_of(aws, &part.id).await?;
            Ok((part, tags))
        });
        let parts = join_all(parts).await.into_iter().collect::<Result<_, CallError>>()?;
        Ok(Some(Looked { parts, ..Looked::tagged(tags(found.tags)) }))
    })
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html>
fn look_at_volume<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.ec2().describe_volumes().volume_ids(id).send().await;
        let Some(found) = call.by(DESCRIBE_VOLUMES).absent_if_gone()? else { return Ok(None) };
        let Some(found) = found.volumes.into_iter().flatten().next() else { return Ok(None) };
        let holders = found.attachments.into_iter().flatten().filter_map(|one| one.instance_id);
        let holders = holders.map(|id| INSTANCE.thing(id)).collect();
        Ok(Some(Looked { holders, ..Looked::tagged(tags(found.tags)) }))
    })
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
fn look_at_interface<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let Some(found) = interface(aws, id).await.absent_if_gone()? else { return Ok(None) };
        let tags = tags(found.tag_set);
        let holder = found.attachment.and_then(|attachment| attachment.instance_id);
        let holder = holder.map(|id| INSTANCE.thing(id));
        // A branch is attached to nothing: it counts as the instance of its trunk.
        let trunk = || Some(INTERFACE.thing(tags.get(TRUNK_TAG)?));
        let holder = match found.interface_type {
            Some(NetworkInterfaceType::Branch) => holder.or_else(trunk),
            _ => holder,
        };
        let holders = holder.into_iter().collect();
        Ok(Some(Looked { holders, ..Looked::tagged(tags) }))
    })
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html>
fn look_at_address<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.ec2().describe_addresses().allocation_ids(id).send().await;
        let Some(found) = call.by(DESCRIBE_ADDRESSES).absent_if_gone()? else { return Ok(None) };
        let found = found.addresses.into_iter().flatten().next();
        let Some(found) = found else { return Ok(None) };
        let interface = some(found.network_interface_id).map(|id| INTERFACE.thing(id));
        let holder = some(found.instance_id).map(|id| INSTANCE.thing(id)).or(interface);
        Ok(Some(Looked {
            holders: holder.into_iter().collect(),
            ..Looked::tagged(tags(found.tags))
        }))
    })
}

/// What has tags and nothing else that counts. `DescribeTags` does not say whether a thing is there.
fn by_tags<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move { Ok(Some(Looked::tagged(tags_of(aws, id).await?))) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_class_and_an_unknown_one_is_still_a_thing() {
        let classes = ["i-0a", "vol-1", "eni-1", "snap-1", "eipalloc-1", "sg-1", "tgw-1"];
        let classes = classes.map(|id| by_id(id).class.name);
        let names = ["instance", "volume", "network interface", "snapshot", "Elastic IP address"];
        assert_eq!(classes[..5], names);
        assert_eq!(classes[5..], ["EC2 resource"; 2]);
    }
}
