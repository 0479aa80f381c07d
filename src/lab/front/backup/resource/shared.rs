//! What the kinds of resource have in common.

use serde_json::{Value, json};

use super::{Made, tags};
use crate::lab::front::AwsError;
use crate::lab::front::backup::model::{Point, Texts};
use crate::lab::front::upstream::Session;

/// A value of metadata; names are not case-sensitive.
pub(in crate::lab::front::backup) fn value<'a>(metadata: &'a Texts, name: &str) -> Option<&'a str> {
    let found = metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// `arn:..:volume/vol-1` to `vol-1`.
pub(in crate::lab::front::backup) fn last(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// `Ok` also for an error that says the thing is not there.
pub(super) fn gone<T>(result: Result<T, AwsError>) -> Result<(), AwsError> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) fn is_absent(error: &AwsError) -> bool {
    let code = error.code.as_str();
    error.status == 404
        || ["NotFound", "NoSuch", "Unavailable.AMIID"].iter().any(|mark| code.contains(mark))
}

/// What a job made before the front was killed.
pub(super) async fn made_by(
    at: &Session,
    action: &str,
    path: &str,
    job: &str,
) -> Result<Option<String>, AwsError> {
    let answer = at.query("ec2", action, json!({ "Filter": tags::filter(job) })).await?;
    Ok(Some(answer.text(path).to_owned()).filter(|id| !id.is_empty()))
}

/// Whether a thing came to the state it should; a state that it cannot leave is an error.
pub(super) fn is_ready(state: &str, wanted: &str, dead: &[&str]) -> Result<bool, AwsError> {
    if dead.contains(&state) || state.is_empty() {
        let state = if state.is_empty() { "gone" } else { state };
        return Err(AwsError::new(
            400,
            "InvalidState",
            format!("it should become {wanted} but is {state}"),
        ));
    }
    Ok(state == wanted)
}

impl Made {
    /// A copy of a recovery point, apart from its ARN.
    pub(super) fn of(point: &Point) -> Self {
        Self {
            arn: String::new(),
            was_there: false,
            size: point.size,
            is_encrypted: point.is_encrypted,
            key: point.key.clone(),
            name: point.resource_name.clone(),
            metadata: point.metadata.clone(),
            tags: point.source_tags.clone(),
        }
    }
}

/// A JSON text in metadata, as EC2's has them.
pub(super) fn json_of(metadata: &Texts, name: &str) -> Option<Value> {
    serde_json::from_str(value(metadata, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_found_in_any_case() {
        let metadata = Texts::from_iter([
            ("AvailabilityZone".into(), "a".into()),
            ("x".into(), String::new()),
        ]);
        assert_eq!(value(&metadata, "availabilityZone"), Some("a"));
        assert_eq!(value(&metadata, "x"), None);
    }

    #[test]
    fn what_is_gone_is_no_error() {
        let volume = AwsError::new(400, "InvalidVolume.NotFound", "");
        assert!(gone::<()>(Err(volume)).is_ok());
        assert!(gone::<()>(Err(AwsError::new(400, "VolumeInUse", ""))).is_err());
    }
}
