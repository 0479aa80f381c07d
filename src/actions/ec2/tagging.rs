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

/// EC2 takes so many tags on one resource, without those whose keys begin with `aws:`.
const MOST: usize = 50;

/// The tags for which there is room beside those there are. The others are left out, and said so: a mark
/// that does not fit must not keep anything else from being done.
pub(super) async fn that_fit(
    step: &Step<Aws>,
    resource: &str,
    have: &BTreeMap<String, String>,
    want: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, StepError> {
    let mut room = MOST.saturating_sub(have.keys().filter(|key| !key.starts_with("aws:")).count());
    let (mut fit, mut left) = (BTreeMap::new(), Vec::new());
    for (key, value) in want {
        if have.contains_key(key) {
            fit.insert(key.clone(), value.clone());
        } else if room > 0 {
            room -= 1;
            fit.insert(key.clone(), value.clone());
        } else {
            left.push(format!("`{key}`"));
        }
    }
    if !left.is_empty() {
        step.note(format!(
            "`{resource}` has {MOST} tags, and EC2 takes no more: {} is not set; remove a tag first if it matters",
            left.join(", ")
        ))
        .await?;
    }
    Ok(fit)
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
