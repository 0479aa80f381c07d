//! The tags of a resource that an experiment would hit, for the resources that can be asked by ARN:
//! those of EC2 (instances, volumes, subnets and the like) and IAM roles.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>

use std::collections::BTreeMap;

use aws_sdk_ec2::types;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct TargetTags {
        pub arn: String,
    }
    // `None`: there is no such role. EC2 answers the same for a resource without tags and for none.
    "fis.target-tags" = Option<BTreeMap<String, String>>, target "{arn}";
    reads [DESCRIBE_TAGS, LIST_ROLE_TAGS];
}

/// What an ARN names.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    /// Id of an EC2 resource.
    Ec2(&'a str),
    /// Name of a role.
    Role(&'a str),
}

impl TargetTags {
    /// Whether the tags of this resource can be asked.
    pub fn is_known(arn: &str) -> bool {
        named(arn).is_some()
    }
}

fn named(arn: &str) -> Option<Named<'_>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, rest] = parts[..] else { return None };
    let (kind, id) = rest.split_once('/')?;
    match (service, kind) {
        ("ec2", _) if !id.contains('/') => Some(Named::Ec2(id)),
        ("iam", "role") => id.rsplit('/').next().map(Named::Role),
        _ => None,
    }
}

impl Fact<Aws> for TargetTags {
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        match named(&self.arn) {
            Some(Named::Ec2(id)) => {
                let of = types::Filter::builder().name("resource-id").values(id).build();
                let call = aws.ec2().describe_tags().filters(of);
                let page = |token| call.clone().set_next_token(token).send();
                let pages = Pages::new(DESCRIBE_TAGS, page).all().await?;
                let tags = pages.into_iter().flat_map(|page| page.tags.unwrap_or_default());
                let pair =
                    |tag: types::TagDescription| Some((tag.key?, tag.value.unwrap_or_default()));
                Ok(Some(tags.filter_map(pair).collect()))
            }
            Some(Named::Role(name)) => {
                let call = aws.iam().list_role_tags().role_name(name);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new(LIST_ROLE_TAGS, page).all().await.absent_if_gone()?;
                let tags = pages.map(|pages| pages.into_iter().flat_map(|page| page.tags));
                Ok(tags.map(|tags| tags.map(|tag| (tag.key, tag.value)).collect()))
            }
            None => {
                let text = format!("the tags of `{}` cannot be asked by its ARN", self.arn);
                Err(CallError::local(Self::KIND, Class::Invalid, text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_ec2_and_roles_are_known() {
        let ec2 = |id| Some(Named::Ec2(id));
        assert_eq!(named("arn:aws:ec2:eu-west-1:123456789012:instance/i-1"), ec2("i-1"));
        assert_eq!(named("arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1"), ec2("subnet-1"));
        assert_eq!(named("arn:aws:iam::123456789012:role/a/b/web"), Some(Named::Role("web")));
        for other in
            ["arn:aws:rds:eu-west-1:123456789012:db:orders", "i-1", "arn:aws:iam::1:user/a"]
        {
            assert!(!TargetTags::is_known(other), "{other}");
        }
    }
}
