//! One tag of one EC2 resource.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html>

use aws_sdk_ec2::types;

use super::{
    permissions::*,
    things::{INSTANCE, INTERFACE, RESOURCE, SNAPSHOT, VOLUME, by_id},
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
    reads [DESCRIBE_TAGS];
    writes [
        CREATE_TAGS.at(OWN_RESOURCES), CREATE_TAGS.at(SHARED_RESOURCES), DELETE_TAGS,
        DELETE_TAGS.at(SHARED_RESOURCES),
    ];
    release Restored Tags;
    touches [INSTANCE, VOLUME, INTERFACE, SNAPSHOT, RESOURCE] |it, _before|
        vec![by_id(&it.resource)];
}

impl Tag {
    pub fn of(resource: impl AsRef<str>, key: impl AsRef<str>) -> Self {
        Self { resource: resource.as_ref().into(), key: key.as_ref().into(), kept: false }
    }
}

impl Fact<Aws> for Tag {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let filter = |name: &str, value: &str| {
            types::Filter::builder().name(name).values(escaped(value)).build()
        };
        let call = aws
            .ec2()
            .describe_tags()
            .filters(filter("resource-id", &self.resource))
            .filters(filter("key", &self.key))
            .send()
            .await
            .by(DESCRIBE_TAGS)?;
        let tag = call.tags.into_iter().flatten().find(|tag| tag.key() == Some(&self.key));
        Ok(tag.map(|tag| tag.value.unwrap_or_default()))
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

/// Filter values take wildcards: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
fn escaped(value: &str) -> String {
    value.chars().flat_map(|c| ["*?\\".contains(c).then_some('\\'), Some(c)]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(escaped(r"a*b?\"), r"a\*b\?\\");
    }
}
