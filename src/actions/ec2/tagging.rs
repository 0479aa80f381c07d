//! Which tags an action may set. Owns the limits of EC2's tags and the program's own keys.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>

use std::collections::BTreeMap;

use crate::{
    aws::{Aws, ec2::Tag},
    engine::{Step, StepError},
};

/// Keys by which the program recognises what a run created.
const OWN: &[&str] = &["backburn:run", "backburn:step", "backburn:token"];

/// # Errors
/// A key or value that EC2 does not take, or that is not for playbooks to set.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), StepError> {
    for (key, value) in tags {
        let lower = key.to_ascii_lowercase();
        let problem = if lower.starts_with("aws:") {
            "starts with `aws:`, which AWS keeps for itself"
        } else if OWN.contains(&lower.as_str()) {
            "is how the program recognises its own resources; use another, such as `backburn:case`"
        } else if key.is_empty() || key.chars().count() > 128 {
            "must have 1 to 128 characters"
        } else if value.chars().count() > 256 {
            "has a value of more than 256 characters"
        } else {
            continue;
        };
        return Err(StepError::Refused(format!("tag `{key}` {problem}")));
    }
    Ok(())
}

pub(super) async fn set(
    step: &Step<Aws>,
    resource: &str,
    tags: &BTreeMap<String, String>,
    kept: bool,
) -> Result<(), StepError> {
    for (key, value) in tags {
        let tag = Tag { kept, ..Tag::of(resource, key) };
        step.set(tag, Some(value.clone())).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_ours_to_set_are_refused() {
        let one = |key: &str, value: &str| check(&[(key.to_string(), value.to_string())].into());
        assert!(one("backburn:case", "IR-7").is_ok());
        for key in ["aws:x", "AWS:x", "backburn:run", "", &"k".repeat(129)] {
            assert!(one(key, "v").is_err(), "{key}");
        }
        assert!(one("k", &"v".repeat(257)).is_err());
    }
}
