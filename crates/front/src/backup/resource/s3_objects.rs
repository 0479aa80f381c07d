//! Objects of S3 in the upstream: listed, copied on the server's side, deleted. Knows nothing of recovery points.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::shared::gone;
use crate::AwsError;
use crate::upstream::Session;
use crate::wire::Xml;

/// Copies and deletions under way at once.
const AT_ONCE: usize = 16;
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// One version of an object.
pub(super) struct Object {
    pub key: String,
    pub version: String,
    pub size: i64,
}

async fn send(
    at: &Session,
    operation: &str,
    method: Method,
    path: &str,
    body: &str,
) -> Result<Bytes, AwsError> {
    at.bytes("s3", operation, method, path, &[], Bytes::from(body.to_owned())).await
}

fn read(bytes: &Bytes) -> Result<Xml, AwsError> {
    Xml::parse(&String::from_utf8_lossy(bytes))
        .ok_or_else(|| AwsError::internal("the upstream's list of objects cannot be read"))
}

/// Makes a bucket; one that is there already is no error.
pub(super) async fn make(at: &Session, bucket: &str) -> Result<(), AwsError> {
    let region = &at.scope().region;
    let body = if region == "us-east-1" {
        String::new()
    } else {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    match send(at, "CreateBucket", Method::PUT, &format!("/{bucket}"), &body).await {
        Err(error) if error.code == "BucketAlreadyOwnedByYou" => Ok(()),
        other => other.map(drop),
    }
}

pub(super) async fn unmake(at: &Session, bucket: &str) -> Result<(), AwsError> {
    gone(send(at, "DeleteBucket", Method::DELETE, &format!("/{bucket}"), "").await)
}

pub(super) async fn is_there(at: &Session, bucket: &str) -> Result<bool, AwsError> {
    match send(at, "HeadBucket", Method::HEAD, &format!("/{bucket}"), "").await {
        Ok(_) => Ok(true),
        Err(error) if error.status == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn is_versioned(at: &Session, bucket: &str) -> Result<bool, AwsError> {
    let path = format!("/{bucket}?versioning");
    let answer = read(&send(at, "GetBucketVersioning", Method::GET, &path, "").await?)?;
    Ok(answer.text("Status") == "Enabled")
}

pub(super) async fn set_versioned(at: &Session, bucket: &str) -> Result<(), AwsError> {
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    send(at, "PutBucketVersioning", Method::PUT, &format!("/{bucket}?versioning"), body)
        .await
        .map(drop)
}

/// The current version of every object.
pub(super) async fn current(at: &Session, bucket: &str) -> Result<Vec<Object>, AwsError> {
    let mut found = Vec::new();
    versions(at, bucket, "", |entry, is_encoded| {
        if entry.name == "Version" && entry.text("IsLatest") == "true" {
            found.push(object(entry, is_encoded));
        }
    })
    .await?;
    Ok(found)
}

/// Every object whose key begins with `prefix`.
pub(super) async fn under(
    at: &Session,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<Object>, AwsError> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let mut path =
            format!("/{bucket}?list-type=2&encoding-type=url&prefix={}", encoded(prefix));
        if !token.is_empty() {
            path.push_str(&format!("&continuation-token={}", encoded(&token)));
        }
        let answer = read(&send(at, "ListObjectsV2", Method::GET, &path, "").await?)?;
        found.extend(
            answer.all("Contents").into_iter().map(|entry| object(entry, is_encoded(&answer))),
        );
        answer.text("NextContinuationToken").clone_into(&mut token);
        if answer.text("IsTruncated") != "true" || token.is_empty() {
            return Ok(found);
        }
    }
}

/// Deletes every version under `prefix`. A bucket that is not there is empty.
pub(super) async fn empty(at: &Session, bucket: &str, prefix: &str) -> Result<(), AwsError> {
    let mut found = Vec::new();
    gone(
        versions(at, bucket, prefix, |entry, is_encoded| found.push(object(entry, is_encoded)))
            .await,
    )?;
    let path = |object: &Object| {
        format!("/{bucket}/{}?versionId={}", path_of(&object.key), encoded(&object.version))
    };
    let paths: Vec<String> = found.iter().map(path).collect();
    let deletions = paths
        .into_iter()
        .map(|path| async move { gone(send(at, "DeleteObject", Method::DELETE, &path, "").await) });
    stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect().await
}

/// Copies objects with their metadata and tags; `name` maps each to its new key.
pub(super) async fn copy(
    at: &Session,
    from: &str,
    objects: &[Object],
    to: &str,
    name: &(dyn Fn(&str) -> String + Sync),
) -> Result<(), AwsError> {
    let source = |object: &Object| {
        let path = format!("/{from}/{}", path_of(&object.key));
        match object.version.as_str() {
            "" | "null" => path,
            version => format!("{path}?versionId={}", encoded(version)),
        }
    };
    let target = |object: &Object| format!("/{to}/{}", path_of(&name(&object.key)));
    let pairs: Vec<_> = objects.iter().map(|object| (source(object), target(object))).collect();
    let copies = pairs.into_iter().map(|(source, target)| async move {
        let headers = [("x-amz-copy-source", source.as_str())];
        at.bytes("s3", "CopyObject", Method::PUT, &target, &headers, Bytes::new()).await.map(drop)
    });
    stream::iter(copies).buffer_unordered(AT_ONCE).try_collect().await
}

/// All versions and delete markers under `prefix`, page by page.
async fn versions(
    at: &Session,
    bucket: &str,
    prefix: &str,
    mut see: impl FnMut(&Xml, bool) + Send,
) -> Result<(), AwsError> {
    let (mut key, mut version) = (String::new(), String::new());
    loop {
        let mut path = format!("/{bucket}?versions&encoding-type=url&prefix={}", encoded(prefix));
        if !key.is_empty() {
            path.push_str(&format!(
                "&key-marker={}&version-id-marker={}",
                encoded(&key),
                encoded(&version)
            ));
        }
        let answer = read(&send(at, "ListObjectVersions", Method::GET, &path, "").await?)?;
        let is_encoded = is_encoded(&answer);
        for entry in &answer.children {
            if matches!(entry.name.as_str(), "Version" | "DeleteMarker") {
                see(entry, is_encoded);
            }
        }
        key = text(answer.text("NextKeyMarker"), is_encoded);
        answer.text("NextVersionIdMarker").clone_into(&mut version);
        if answer.text("IsTruncated") != "true" || key.is_empty() {
            return Ok(());
        }
    }
}

fn object(entry: &Xml, is_encoded: bool) -> Object {
    Object {
        key: text(entry.text("Key"), is_encoded),
        version: entry.text("VersionId").to_owned(),
        size: entry.text("Size").parse().unwrap_or(0),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn path_of(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// Whether keys came as they were asked for: moto does so in one of its two lists.
fn is_encoded(answer: &Xml) -> bool {
    answer.text("EncodingType") == "url"
}

fn text(key: &str, is_encoded: bool) -> String {
    if is_encoded { decoded(key) } else { key.to_owned() }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_wire() {
        for key in ["a b+c/ü&?#.txt", "100%", "a//b"] {
            assert_eq!(decoded(&encoded(key)), key);
        }
        assert_eq!(path_of("a/b c"), "a/b%20c");
    }
}
