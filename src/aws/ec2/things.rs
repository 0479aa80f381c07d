//! What EC2 has that a run may touch: how its tags are read, and what hangs together. An interface and
//! an address count as the instance that they are attached to.

use std::collections::{BTreeMap, HashMap};

use super::{instance, permissions::*, some, tags};
use crate::aws::{
    kit::*,
    owned::RUN_TAG,
    thing::{Class as Of, Counts, Looked, Looking, PROTECTED_TAG, TagReader, Tags},
};
use aws_sdk_ec2::types::Filter;

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

/// An instance with what is attached to it: two calls, however many volumes it has.
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
        let mut tagged = tags_of(aws, &attached).await?;
        let parts = attached.into_iter().map(|part| {
            let tags = tagged.remove(&part.id).unwrap_or_default();
            (part, tags)
        });
        Ok(Some(Looked { parts: parts.collect(), ..Looked::tagged(tags(found.tags)) }))
    })
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html>
fn look_at_volume<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.ec2().describe_volumes().volume_ids(id).send().await;
        let Some(found) = call.by(DESCRIBE_VOLUMES).absent_if_gone()? else { return Ok(None) };
        let Some(found) = found.volumes.into_iter().flatten().next() else { return Ok(None) };
        let holder = found.attachments.into_iter().flatten().find_map(|one| one.instance_id);
        let holder = holder.map(|id| INSTANCE.thing(id));
        Ok(Some(Looked { holder, ..Looked::tagged(tags(found.tags)) }))
    })
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
fn look_at_interface<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.ec2().describe_network_interfaces().network_interface_ids(id).send().await;
        let Some(found) = call.by(DESCRIBE_NETWORK_INTERFACES).absent_if_gone()? else {
            return Ok(None);
        };
        let found = found.network_interfaces.into_iter().flatten().next();
        let Some(found) = found else { return Ok(None) };
        let holder = found.attachment.and_then(|attachment| attachment.instance_id);
        let holder = holder.map(|id| INSTANCE.thing(id));
        Ok(Some(Looked { holder, ..Looked::tagged(tags(found.tag_set)) }))
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
        Ok(Some(Looked { holder, ..Looked::tagged(tags(found.tags)) }))
    })
}

/// What has tags and nothing else that counts. `DescribeTags` does not say whether a thing is there.
fn by_tags<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let mut found = tags_of(aws, &[RESOURCE.thing(id)]).await?;
        Ok(Some(Looked::tagged(found.remove(id).unwrap_or_default())))
    })
}

/// The tags that the belts ask for, of several resources in one call, which takes up to 200 ids:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>
async fn tags_of(aws: &Aws, things: &[Thing]) -> Result<HashMap<String, Tags>, CallError> {
    let mut found: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for some in things.chunks(100) {
        let ids = some.iter().map(|thing| thing.id.clone()).collect();
        let ids = Filter::builder().name("resource-id").set_values(Some(ids)).build();
        let keys = Filter::builder().name("key").values(PROTECTED_TAG).values(RUN_TAG).build();
        let call = aws.ec2().describe_tags().filters(ids).filters(keys);
        let mut tags = call.into_paginator().items().send();
        while let Some(tag) = tags.next().await {
            let tag = tag.by(DESCRIBE_TAGS)?;
            if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                found.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
            }
        }
    }
    Ok(found)
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
