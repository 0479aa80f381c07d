//! One tag of one EC2 resource.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html>

use aws_sdk_ec2::types;

use super::{
    lookup,
    permissions::*,
    things::{ADDRESS, INSTANCE, INTERFACE, RESOURCE, SNAPSHOT, VOLUME, by_id},
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Tag {
        /// Id of any EC2 resource.
        pub resource: String,
        pub key: String,
        /// The tag belongs to evidence, so release keeps it there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub kept: bool,
    }
    // `None`: the resource has no such tag.
    "ec2.tag" = Option<String>, target "{resource} {key}";
    reads [DESCRIBE_TAGS, DESCRIBE_INSTANCES, DESCRIBE_NETWORK_INTERFACES];
    writes [
        CREATE_TAGS.at(OWN_RESOURCES), CREATE_TAGS.at(SHARED_RESOURCES), DELETE_TAGS,
        DELETE_TAGS.at(SHARED_RESOURCES),
    ];
    release Restored Tags;
    touches [INSTANCE, VOLUME, INTERFACE, ADDRESS, SNAPSHOT, RESOURCE] |it, _before|
        vec![by_id(&it.resource)];
}

impl Tag {
    pub fn of(resource: impl AsRef<str>, key: impl AsRef<str>) -> Self {
        Self { resource: resource.as_ref().into(), key: key.as_ref().into(), kept: false }
    }
}

impl Fact<Aws> for Tag {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        // By the resource alone: a key may have characters that a filter takes for a pattern.
        let found = lookup::tags_of(aws, &self.resource).await?.remove(&self.key);
        if found.is_none() {
            // What is not there has no tags either.
            match self.resource.split_once('-') {
                Some(("i", _)) => drop(lookup::living(aws, &self.resource).await?),
                Some(("eni", _)) => drop(lookup::interface(aws, &self.resource).await?),
                _ => {}
            }
        }
        Ok(found)
    }
}

impl Setting<Aws> for Tag {
    fn rule(&self) -> Rule {
        match self.kept {
            true => Rule { how: How::Retained, ..Self::RULE },
            false => Self::RULE,
        }
    }

    async fn write(&self, aws: &Aws, value: &Option<String>) -> Result<(), CallError> {
        let tag = types::Tag::builder().key(&self.key);
        if let Some(value) = value {
            let tag = tag.value(value).build();
            let call = aws.ec2().create_tags().resources(&self.resource).tags(tag).send().await;
            return call.by(CREATE_TAGS).map(drop);
        }
        // Without a value the tag goes whatever its value is.
        let call = aws.ec2().delete_tags().resources(&self.resource).tags(tag.build()).send().await;
        call.by(DELETE_TAGS).map(drop)
    }
}
