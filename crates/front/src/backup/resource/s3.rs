//! S3 buckets: current versions of all objects, copied into a bucket that only the front uses and copied back.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html> and `restoring-s3.html` beside it. As on
//! AWS, bucket and destination need versioning. Unlike on AWS, older versions, ACLs and continuous backup are left out.

use serde_json::Value;

use super::s3_objects as objects;
use super::shared::{last, required, value};
use super::{Done, Made};
use crate::backup::error::{invalid, refused};
use crate::backup::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::{Scope, ids};

const TARGET: &str = "DestinationBucketName";

/// Where recovery points of an account and Region are.
fn store(at: &Scope) -> String {
    format!("backburn-backup-{}-{}", at.account, at.region)
}

/// Folder of a recovery point in that bucket, from its ARN.
fn folder(arn: &str) -> String {
    format!("{}/", last(arn))
}

fn arn(at: &Scope, bucket: &str, from: jiff::Timestamp, job: &str) -> String {
    let date = from.strftime("%Y%m%d%H%M%S");
    let mark: String = job.to_lowercase().chars().take(8).collect();
    at.arn("backup", &format!("recovery-point:{bucket}-{date}-{mark}"))
}

pub(super) async fn back_up(at: &Session, job: &BackupJob) -> Done<Made> {
    let bucket = last(&job.resource);
    if !objects::is_versioned(at, bucket).await? {
        return Err(refused(format!(
            "Bucket versioning must be enabled to back up bucket {bucket}"
        )));
    }
    let arn = arn(at.scope(), bucket, job.created, &job.id);
    let (store, folder) = (store(at.scope()), folder(&arn));
    objects::make(at, &store).await?;
    // Half a copy of an earlier attempt would mix two points in time.
    objects::empty(at, &store, &folder).await?;
    let all = objects::current(at, bucket).await?;
    let size = all.iter().map(|object| object.size).sum();
    let name = |key: &str| format!("{folder}{key}");
    if let Err(error) = objects::copy(at, bucket, &all, &store, &name).await {
        objects::empty(at, &store, &folder).await?;
        return Err(error);
    }
    Ok(Made {
        arn,
        size,
        name: Some(bucket.to_owned()),
        metadata: Texts::from_iter([("BucketName".into(), bucket.into())]),
        ..Made::default()
    })
}

pub(super) async fn is_saved(_at: &Session, _arn: &str) -> Done<bool> {
    // Copying waits for every object.
    Ok(true)
}

pub(super) async fn copy(from: &Session, to: &Session, point: &Point, id: &str) -> Done<Made> {
    let arn = arn(to.scope(), last(&point.resource), point.created, id);
    let (source, target) = (store(from.scope()), store(to.scope()));
    let (old, new) = (folder(&point.arn), folder(&arn));
    objects::make(to, &target).await?;
    let all = objects::under(from, &source, &old).await?;
    let name = |key: &str| format!("{new}{}", key.strip_prefix(old.as_str()).unwrap_or(key));
    objects::copy(to, &source, &all, &target, &name).await?;
    Ok(Made { arn, ..Made::of(point) })
}

pub(super) async fn forget(at: &Session, arn: &str) -> Done<()> {
    objects::empty(at, &store(at.scope()), &folder(arn)).await
}

pub(super) fn check(metadata: &Texts) -> Done<()> {
    wanted(metadata)?;
    required(metadata, TARGET).map(drop)
}

pub(super) async fn is_free(at: &Session, job: &RestoreJob) -> Done<()> {
    let bucket = value(&job.metadata, TARGET).unwrap_or_default();
    match (is_new(&job.metadata), objects::is_there(at, bucket).await?) {
        (true, true) => Err(refused(format!("Bucket already exists: {bucket}"))),
        (false, false) => Err(refused(format!("Destination bucket does not exist: {bucket}"))),
        (true, false) => Ok(()),
        (false, true) if objects::is_versioned(at, bucket).await? => Ok(()),
        (false, true) => {
            Err(refused(format!("Bucket versioning must be enabled on destination {bucket}")))
        }
    }
}

pub(super) async fn restore(at: &Session, job: &RestoreJob, point: &Point) -> Done<String> {
    let bucket = value(&job.metadata, TARGET).unwrap_or_default();
    if is_new(&job.metadata) {
        objects::make(at, bucket).await?;
        objects::set_versioned(at, bucket).await?;
    }
    let (store, folder) = (store(at.scope()), folder(&point.arn));
    let wanted = wanted(&job.metadata)?;
    let mut all = objects::under(at, &store, &folder).await?;
    let plain = |key: &str| key.strip_prefix(folder.as_str()).unwrap_or(key).to_owned();
    all.retain(|object| is_wanted(&wanted, &plain(&object.key)));
    objects::copy(at, &store, &all, bucket, &plain).await?;
    Ok(format!("arn:aws:s3:::{bucket}"))
}

pub(super) async fn is_restored(at: &Session, arn: &str) -> Done<bool> {
    objects::is_there(at, last(arn)).await
}

pub(super) async fn discard(at: &Session, arn: &str) -> Done<()> {
    objects::empty(at, last(arn), "").await?;
    objects::unmake(at, last(arn)).await
}

pub(super) fn inferred(_at: &Scope, _point: &Point) -> Texts {
    Texts::from_iter([
        (TARGET.into(), ids::hex("awsbackup-restore-test-", 20)),
        ("NewBucket".into(), "true".into()),
        ("Encrypted".into(), "true".into()),
    ])
}

pub(super) fn overridable() -> &'static [&'static str] {
    &["encryptionType", "kmsKey"]
}

fn is_new(metadata: &Texts) -> bool {
    value(metadata, "NewBucket").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

/// Keys and prefixes of `ItemsToRestore`; none for all.
fn wanted(metadata: &Texts) -> Done<Vec<String>> {
    let Some(text) = value(metadata, "ItemsToRestore") else { return Ok(Vec::new()) };
    let items: Option<Vec<String>> = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| serde_json::from_value(value).ok());
    items.filter(|items| (1..=5).contains(&items.len())).ok_or_else(|| {
        invalid(
            "Invalid restore metadata. ItemsToRestore must be a JSON list of one to five strings",
        )
    })
}

fn is_wanted(wanted: &[String], key: &str) -> bool {
    let hit = |item: &String| {
        let item = item.trim_start_matches('/');
        key == item || (item.ends_with('/') && key.starts_with(item))
    };
    wanted.is_empty() || wanted.iter().any(hit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_names_the_folder() {
        let at = Scope::new("111122223333", "eu-west-1");
        let from = "2026-11-24T10:20:30Z".parse().expect("a time");
        let arn = arn(&at, "photos", from, "ABCDEF12-3456");
        assert_eq!(
            arn,
            "arn:aws:backup:eu-west-1:111122223333:recovery-point:photos-20261124102030-abcdef12"
        );
        assert_eq!(folder(&arn), "photos-20261124102030-abcdef12/");
    }

    #[test]
    fn some_objects_can_be_asked_for() {
        let metadata = |text: &str| Texts::from_iter([("itemsToRestore".into(), text.into())]);
        let items = wanted(&metadata(r#"["a/", "b"]"#)).expect("items");
        assert!(is_wanted(&items, "a/1") && is_wanted(&items, "b"));
        assert!(!is_wanted(&items, "b/1") && !is_wanted(&items, "a"));
        assert!(is_wanted(&[], "x"));
        for bad in ["a", "[]", r#"["1","2","3","4","5","6"]"#, "{}"] {
            assert!(wanted(&metadata(bad)).is_err(), "{bad}");
        }
    }
}
