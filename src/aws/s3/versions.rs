//! Versions of the objects of a bucket: listing them all, and deleting them. Owns the pages and batches.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::permissions::*;
use crate::aws::kit::*;

/// One version, or one delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub key: String,
    /// `null` where versioning was never on when it was written.
    pub id: String,
    pub latest: bool,
    pub marker: bool,
}

pub(crate) async fn list(aws: &Aws, bucket: &str, prefix: &str) -> Result<Vec<Version>, CallError> {
    let mut found = Vec::new();
    let call = aws.s3_of(bucket).await.list_object_versions().bucket(bucket).prefix(prefix);
    let page = |token: Option<(String, Option<String>)>| {
        let (key, id) = token.map_or((None, None), |(key, id)| (Some(key), id));
        call.clone().set_key_marker(key).set_version_id_marker(id).send()
    };
    for page in Pages::new(LIST_BUCKET_VERSIONS, page).all().await? {
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
    }
    Ok(found)
}

/// Permanently deletes these versions.
pub(crate) async fn delete(aws: &Aws, bucket: &str, versions: &[Version]) -> Result<(), CallError> {
    // As many as one call takes.
    for batch in versions.chunks(1_000) {
        let object = |version: &Version| {
            ObjectIdentifier::builder().key(&version.key).version_id(&version.id).build().ok()
        };
        let objects = batch.iter().filter_map(object).collect();
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|e| DELETE_OBJECT_VERSION.invalid(e.to_string()))?;
        let call =
            aws.s3_of(bucket).await.delete_objects().bucket(bucket).delete(delete).send().await;
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
