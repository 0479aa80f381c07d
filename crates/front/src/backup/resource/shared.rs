//! What the kinds of resource have in common.

use serde_json::{Value, json};

use super::{Made, tags};
use crate::backup::error::{invalid, refused};
use crate::backup::model::{Point, Texts};
use crate::upstream::Session;
use crate::wire::Xml;
use crate::{AwsError, Scope};

/// A value of metadata; names are not case-sensitive.
pub(in crate::backup) fn value<'a>(metadata: &'a Texts, name: &str) -> Option<&'a str> {
    let found = metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// A value of metadata without which AWS refuses a restore.
pub(super) fn required<'a>(metadata: &'a Texts, name: &str) -> Result<&'a str, AwsError> {
    value(metadata, name).ok_or_else(|| {
        invalid(format!("Invalid restore metadata. Required metadata key not found: {name}"))
    })
}

/// Metadata from an answer: name and path of each value that is there.
pub(super) fn texts<'a>(xml: &Xml, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Texts {
    let all = pairs.into_iter().map(|(name, path)| (name.to_owned(), xml.text(path).to_owned()));
    all.filter(|(_, value)| !value.is_empty()).collect()
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Bytes of a size that an answer has in GiB.
pub(super) fn bytes(gib: &str) -> i64 {
    gib.parse::<i64>().unwrap_or(0) << 30
}

/// ARN of a snapshot or an image, which names no account.
pub(super) fn ec2_arn(at: &Scope, kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{}::{kind}/{id}", at.region)
}

/// `found` is the answer to a look for a restore's target, `absent` the error for one that is not there.
pub(super) fn free<T>(
    found: Result<T, AwsError>,
    absent: &str,
    taken: &str,
) -> Result<(), AwsError> {
    match found {
        Ok(_) => Err(refused(taken)),
        Err(error) if error.is(absent) => Ok(()),
        Err(error) => Err(error),
    }
}

/// `arn:..:volume/vol-1` to `vol-1`.
pub(in crate::backup) fn last(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// `Ok` also for an error that means the thing does not exist.
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
    Ok(some(answer.text(path)))
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
