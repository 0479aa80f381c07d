//! One tag of one EC2 resource.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html>

use aws_sdk_ec2::types;
use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, How, Order, Permission, Rule, Setting, on},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Id of any EC2 resource.
    pub resource: String,
    pub key: String,
    /// The tag belongs to evidence, so release keeps it there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Tag {
    pub fn of(resource: impl AsRef<str>, key: impl AsRef<str>) -> Self {
        Self { resource: resource.as_ref().into(), key: key.as_ref().into(), kept: false }
    }
}

impl Fact<Aws> for Tag {
    const KIND: &'static str = "ec2.tag";
    const READS: &'static [Permission] = &[on("ec2:DescribeTags", "*")];
    /// `None`: the resource has no such tag.
    type Value = Option<String>;

    fn target(&self) -> String {
        format!("{} {}", self.resource, self.key)
    }

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
            .map_err(|e| call_error("ec2:DescribeTags", e))?;
        let tag = call.tags.into_iter().flatten().find(|tag| tag.key() == Some(&self.key));
        Ok(tag.map(|tag| tag.value.unwrap_or_default()))
    }
}

impl Setting<Aws> for Tag {
    const RULE: Rule = restored(Order::Tags);
    const WRITES: &'static [Permission] = &[
        on("ec2:CreateTags", "arn:aws:ec2:{region}:{account}:*/*"),
        on("ec2:CreateTags", "arn:aws:ec2:{region}::*/*"),
        on("ec2:DeleteTags", "arn:aws:ec2:{region}:{account}:*/*"),
        on("ec2:DeleteTags", "arn:aws:ec2:{region}::*/*"),
    ];

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
            return call.map_err(|e| call_error("ec2:CreateTags", e)).map(drop);
        }
        // Without a value the tag goes whatever its value is.
        let call = aws.ec2().delete_tags().resources(&self.resource).tags(tag.build()).send().await;
        call.map_err(|e| call_error("ec2:DeleteTags", e)).map(drop)
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
