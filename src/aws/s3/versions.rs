//! Versions of the objects of a bucket: listing them all, and deleting them. Owns the pages and batches.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::permissions::*;
use crate::aws::kit::*;

/// One version, or one delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub key: String,
    /// `null` where versioning was never on when it was written.
    pub id: String,
    pub latest: bool,
    pub marker: bool,
}

pub(super) async fn list(aws: &Aws, bucket: &str, prefix: &str) -> Result<Vec<Version>, CallError> {
    let mut found = Vec::new();
    let (mut key, mut id) = (None, None);
    loop {
        let call = aws.s3().list_object_versions().bucket(bucket).prefix(prefix);
        let call = call.set_key_marker(key.take()).set_version_id_marker(id.take()).send().await;
        let page = call.by(LIST_BUCKET_VERSIONS)?;
        for one in page.versions.into_iter().flatten() {
            if let (Some(key), Some(id)) = (one.key, one.version_id) {
                let latest = one.is_latest == Some(true);
                found.push(Version { key, id, latest, marker: false });
            }
        }
        for one in page.delete_markers.into_iter().flatten() {
            if let (Some(key), Some(id)) = (one.key, one.version_id) {
                let latest = one.is_latest == Some(true);
                found.push(Version { key, id, latest, marker: true });
            }
        }
        (key, id) = (page.next_key_marker, page.next_version_id_marker);
        if page.is_truncated != Some(true) || key.is_none() {
            return Ok(found);
        }
    }
}

/// Permanently deletes these versions.
pub(super) async fn delete(aws: &Aws, bucket: &str, versions: &[Version]) -> Result<(), CallError> {
    // As many as one call takes.
    for batch in versions.chunks(1_000) {
        let object = |version: &Version| {
            ObjectIdentifier::builder().key(&version.key).version_id(&version.id).build().ok()
        };
        let objects = batch.iter().filter_map(object).collect();
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|e| DELETE_OBJECT_VERSION.invalid(e.to_string()))?;
        let call = aws.s3().delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = call.by(DELETE_OBJECT_VERSION)?;
        if let Some(error) = answer.errors().first() {
            let code = error.code().unwrap_or("an error without a code");
            let class = if code == "AccessDenied" { Class::Denied } else { Class::Unknown };
            let text = format!(
                "object `{}`: {code}: {}",
                error.key().unwrap_or_default(),
                error.message().unwrap_or_default()
            );
            return Err(CallError::local(DELETE_OBJECT_VERSION.action, class, text));
        }
    }
    Ok(())
}
