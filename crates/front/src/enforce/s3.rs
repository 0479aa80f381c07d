//! Actions and resources of S3's operations. Owns the table.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use percent_encoding::percent_decode_str;

use super::needs::Needed;
use crate::Call;
use crate::wire::Xml;

/// Operation and action, where the names differ.
const ACTIONS: &[(&str, &str)] = &[
    ("CompleteMultipartUpload", "PutObject"),
    ("CopyObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("DeleteBucketAnalyticsConfiguration", "PutAnalyticsConfiguration"),
    ("DeleteBucketCors", "PutBucketCORS"),
    ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("DeleteBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"),
    ("DeleteBucketInventoryConfiguration", "PutInventoryConfiguration"),
    ("DeleteBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("DeleteBucketMetricsConfiguration", "PutMetricsConfiguration"),
    ("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    ("DeleteBucketReplication", "PutReplicationConfiguration"),
    ("DeleteBucketTagging", "PutBucketTagging"),
    ("DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
    ("DeleteObjects", "DeleteObject"),
    ("DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("GetBucketAnalyticsConfiguration", "GetAnalyticsConfiguration"),
    ("GetBucketCors", "GetBucketCORS"),
    ("GetBucketEncryption", "GetEncryptionConfiguration"),
    ("GetBucketIntelligentTieringConfiguration", "GetIntelligentTieringConfiguration"),
    ("GetBucketInventoryConfiguration", "GetInventoryConfiguration"),
    ("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("GetBucketMetricsConfiguration", "GetMetricsConfiguration"),
    ("GetBucketNotificationConfiguration", "GetBucketNotification"),
    ("GetBucketReplication", "GetReplicationConfiguration"),
    ("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("HeadBucket", "ListBucket"),
    ("HeadObject", "GetObject"),
    ("ListBucketAnalyticsConfigurations", "GetAnalyticsConfiguration"),
    ("ListBucketIntelligentTieringConfigurations", "GetIntelligentTieringConfiguration"),
    ("ListBucketInventoryConfigurations", "GetInventoryConfiguration"),
    ("ListBucketMetricsConfigurations", "GetMetricsConfiguration"),
    ("ListBuckets", "ListAllMyBuckets"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("ListParts", "ListMultipartUploadParts"),
    ("PostObject", "PutObject"),
    ("PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    ("PutBucketAnalyticsConfiguration", "PutAnalyticsConfiguration"),
    ("PutBucketCors", "PutBucketCORS"),
    ("PutBucketEncryption", "PutEncryptionConfiguration"),
    ("PutBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"),
    ("PutBucketInventoryConfiguration", "PutInventoryConfiguration"),
    ("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("PutBucketMetricsConfiguration", "PutMetricsConfiguration"),
    ("PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("PutBucketReplication", "PutReplicationConfiguration"),
    ("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("SelectObjectContent", "GetObject"),
    ("UploadPart", "PutObject"),
    ("UploadPartCopy", "PutObject"),
];

/// With `versionId` these ask for the action of a version: `GetObject`, `GetObjectVersion`.
const OF_A_VERSION: &[&str] = &[
    "DeleteObject",
    "DeleteObjectTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "GetObjectTorrent",
    "PutObjectAcl",
    "PutObjectTagging",
];

/// Keys of one DeleteObjects.
const MOST: usize = 1_000;

pub(super) fn actions(operation: &str, query: &[(String, String)]) -> Vec<String> {
    let named = ACTIONS.iter().find(|(name, _)| *name == operation);
    let action = named.map_or(operation, |(_, action)| *action);
    let has_version = query.iter().any(|(name, value)| name == "versionId" && !value.is_empty());
    let action = match has_version && OF_A_VERSION.contains(&action) {
        true => action.replacen("Object", "ObjectVersion", 1),
        false => action.to_owned(),
    };
    let mut all = vec![action];
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    if operation == "GetObjectAttributes" {
        all.push(if has_version { "GetObjectVersion" } else { "GetObject" }.into());
    }
    all
}

/// Each action with the bucket or the objects that it acts on.
pub(super) fn needs(call: &Call, actions: Vec<String>) -> Vec<Needed> {
    let partition = super::arn::partition(call.region());
    let (bucket, key) = (call.text("bucketName").unwrap_or_default(), call.text("key"));
    let arn = |key: Option<&str>| match key {
        Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
        None => format!("arn:{partition}:s3:::{bucket}"),
    };
    // As AWS's own policies for it have it:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example1.html
    if bucket.is_empty() {
        return actions
            .into_iter()
            .map(|action| Needed::one(format!("s3:{action}"), format!("arn:{partition}:s3:::*")))
            .collect();
    }
    let mut needs = Vec::new();
    for action in actions {
        let action = format!("s3:{action}");
        match call.operation.as_str() {
            "DeleteObjects" => match keys(call) {
                Some(keys) => {
                    needs
                        .extend(keys.iter().map(|key| Needed::one(action.clone(), arn(Some(key)))));
                }
                None => needs.push(Needed::some(action)),
            },
            _ => needs.push(Needed::one(action, arn(key))),
        }
    }
    if let Some(source) = source(call) {
        let (of, version) = source.split_once("?versionId=").map_or((source.as_str(), ""), |s| s);
        let action = if version.is_empty() { "s3:GetObject" } else { "s3:GetObjectVersion" };
        let resource = match of.starts_with("arn:") {
            true => of.to_owned(),
            false => format!("arn:{partition}:s3:::{}", of.trim_start_matches('/')),
        };
        needs.push(Needed::one(action.to_owned(), resource));
    }
    needs
}

/// The source of a copy: `BUCKET/KEY`, encoded, perhaps with a version.
fn source(call: &Call) -> Option<String> {
    let text = call.headers.get("x-amz-copy-source")?.to_str().ok()?;
    Some(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// The keys in the body of DeleteObjects, where it was read.
fn keys(call: &Call) -> Option<Vec<String>> {
    let xml = Xml::parse(&String::from_utf8_lossy(&call.body))?;
    let keys: Vec<String> = xml.all("Object/Key").iter().map(|key| key.text.clone()).collect();
    (1..=MOST).contains(&keys.len()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn every_action_is_one_of_the_reference() {
        assert!(ACTIONS.iter().all(|(_, action)| table::action("s3", action).is_some()));
        for action in OF_A_VERSION {
            let of_version = action.replacen("Object", "ObjectVersion", 1);
            assert!(table::action("s3", &of_version).is_some(), "{of_version}");
        }
    }

    #[test]
    fn operations_ask_for_their_actions() {
        let version = [("versionId".to_owned(), "v".to_owned())];
        assert_eq!(actions("HeadObject", &[]), ["GetObject"]);
        assert_eq!(actions("HeadObject", &version), ["GetObjectVersion"]);
        assert_eq!(actions("DeleteObject", &version), ["DeleteObjectVersion"]);
        assert_eq!(actions("UploadPart", &version), ["PutObject"]);
        assert_eq!(actions("PutBucketPolicy", &[]), ["PutBucketPolicy"]);
        assert_eq!(actions("GetObjectAttributes", &[]), ["GetObjectAttributes", "GetObject"]);
    }
}
