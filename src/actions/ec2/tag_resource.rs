//! Set tags on any EC2 resource: an instance, a volume, a snapshot, an image, a group.
//!
//! Release gives each tag its value back, or takes it away again where there was none; with `keep`
//! it leaves them, as it leaves the evidence that they mark. Keys that
//! start with `aws:` and the program's own (`backburn:run`, `backburn:step`, `backburn:token`) are
//! refused.

use std::collections::BTreeMap;

use super::tagging;
use crate::{actions::kit::*, aws::ec2::Tag, playbook::types::is_placeholder};

/// Inputs of `ec2.tag-resource`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TagResource {
    /// Id of the resource, such as `vol-0123456789abcdef0`.
    pub resource: String,
    /// Tags to set.
    #[schemars(extend("minProperties" = 1))]
    pub tags: BTreeMap<String, String>,
    /// Release leaves the tags where they are. For evidence, which release keeps as well.
    #[serde(default)]
    pub keep: bool,
}

impl Action for TagResource {
    const SPEC: Spec = spec! {
        "ec2.tag-resource": "Set tags on an EC2 resource";
        Preserve;
        uses [setting Tag];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        if !is_id(&self.resource) && !is_placeholder(&self.resource) {
            return Err(StepError::Refused(format!(
                "`{}` is no id of an EC2 resource, such as `vol-0123456789abcdef0`",
                self.resource
            )));
        }
        if self.tags.is_empty() {
            return Err(StepError::Refused("`tags` is empty; name at least one tag".into()));
        }
        tagging::check(&self.tags)?;
        tagging::set(step, &self.resource, &self.tags, self.keep).await?;
        Ok(Nothing {})
    }
}

/// A prefix and 8 or 17 hexadecimal digits.
fn is_id(text: &str) -> bool {
    let Some((prefix, number)) = text.rsplit_once('-') else { return false };
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    prefix.bytes().all(word)
        && !prefix.is_empty()
        && [8, 17].contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_are_a_prefix_and_hex_digits() {
        assert!(is_id("i-0123456789abcdef0") && is_id("vol-01234567") && is_id("tgw-rtb-01234567"));
        assert!(!is_id("i-xyz") && !is_id("-01234567") && !is_id("arn:aws:s3:::b"));
    }
}
