//! Operations of S3, which are recognised by method, level and sub-resource. Owns the table only.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use hyper::{HeaderMap, Method, header};

/// Sub-resource, and what follows `Get`, `Put` or `Delete` in the operation's name.
const BUCKET: &[(&str, &str)] = &[
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("analytics", "BucketAnalyticsConfiguration"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("intelligent-tiering", "BucketIntelligentTieringConfiguration"),
    ("inventory", "BucketInventoryConfiguration"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("metrics", "BucketMetricsConfiguration"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

const OBJECT: &[(&str, &str)] = &[
    ("acl", "ObjectAcl"),
    ("attributes", "ObjectAttributes"),
    ("legal-hold", "ObjectLegalHold"),
    ("retention", "ObjectRetention"),
    ("tagging", "ObjectTagging"),
    ("torrent", "ObjectTorrent"),
];

/// What a request to S3 is about.
pub(super) struct Target {
    pub operation: String,
    pub bucket: String,
    pub key: String,
}

pub(super) fn target(
    method: &Method,
    path: &str,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Target {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let path = path.trim_start_matches('/');
    let (bucket, key) = match bucket_of_host(headers) {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').map_or((path.to_owned(), ""), |(b, k)| (b.to_owned(), k)),
    };
    let has = |name: &str| query.iter().any(|(n, _)| n == name);
    let copies = headers.contains_key("x-amz-copy-source");
    let operation = if bucket.is_empty() {
        "ListBuckets".into()
    } else if key.is_empty() {
        of_bucket(method, &has, query)
    } else {
        of_object(method, &has, copies)
    };
    Target { operation, bucket, key: key.to_owned() }
}

fn of_bucket(method: &Method, has: &dyn Fn(&str) -> bool, query: &[(String, String)]) -> String {
    if let Some((_, noun)) = BUCKET.iter().find(|(name, _)| has(name)) {
        let all = ["analytics", "intelligent-tiering", "inventory", "metrics"];
        if method == Method::GET && all.iter().any(|name| has(name)) && !has("id") {
            return format!("List{noun}s");
        }
        return format!("{}{noun}", verb(method));
    }
    let plain = match method.as_str() {
        "GET" if has("versions") => "ListObjectVersions",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if query.iter().any(|(n, v)| n == "list-type" && v == "2") => "ListObjectsV2",
        "GET" if has("session") => "CreateSession",
        "GET" => "ListObjects",
        "HEAD" => "HeadBucket",
        "PUT" => "CreateBucket",
        "DELETE" => "DeleteBucket",
        "POST" if has("delete") => "DeleteObjects",
        _ => "PostObject",
    };
    plain.into()
}

fn of_object(method: &Method, has: &dyn Fn(&str) -> bool, copies: bool) -> String {
    if let Some((_, noun)) = OBJECT.iter().find(|(name, _)| has(name)) {
        return format!("{}{noun}", verb(method));
    }
    let plain = match method.as_str() {
        "GET" if has("uploadId") => "ListParts",
        "GET" => "GetObject",
        "HEAD" => "HeadObject",
        "PUT" if has("uploadId") && copies => "UploadPartCopy",
        "PUT" if has("uploadId") => "UploadPart",
        "PUT" if copies => "CopyObject",
        "PUT" => "PutObject",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        "DELETE" => "DeleteObject",
        "POST" if has("uploads") => "CreateMultipartUpload",
        "POST" if has("uploadId") => "CompleteMultipartUpload",
        "POST" if has("restore") => "RestoreObject",
        "POST" if has("select") => "SelectObjectContent",
        _ => "PostObject",
    };
    plain.into()
}

fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "PUT" | "POST" => "Put",
        "DELETE" => "Delete",
        _ => "Get",
    }
}

/// `BUCKET.s3.REGION.amazonaws.com`, `BUCKET.localhost`, `BUCKET.s3.localhost.localstack.cloud`.
fn bucket_of_host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    let end = [".s3.", ".s3-", ".localhost"].iter().filter_map(|mark| host.find(mark)).min()?;
    Some(host[..end].to_owned()).filter(|bucket| bucket != "s3")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str, query: &str) -> String {
        let method = method.parse().expect("a method");
        let query = super::super::query::pairs(query);
        target(&method, path, &query, &HeaderMap::new()).operation
    }

    #[test]
    fn operations_are_told_apart() {
        for (method, path, query, wanted) in [
            ("GET", "/", "", "ListBuckets"),
            ("PUT", "/b", "", "CreateBucket"),
            ("GET", "/b/", "list-type=2&prefix=a", "ListObjectsV2"),
            ("PUT", "/b", "policy", "PutBucketPolicy"),
            ("DELETE", "/b", "publicAccessBlock=", "DeletePublicAccessBlock"),
            ("GET", "/b", "inventory", "ListBucketInventoryConfigurations"),
            ("POST", "/b", "delete", "DeleteObjects"),
            ("PUT", "/b/k/l", "", "PutObject"),
            ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/b/k", "uploads", "CreateMultipartUpload"),
            ("GET", "/b/k", "tagging", "GetObjectTagging"),
        ] {
            assert_eq!(operation(method, path, query), wanted, "{method} {path}?{query}");
        }
    }

    #[test]
    fn a_bucket_may_be_in_the_host() {
        for (host, wanted) in [
            ("b.s3.eu-west-1.amazonaws.com", Some("b")),
            ("my.b.localhost:4566", Some("my.b")),
            ("b.s3.localhost.localstack.cloud:4566", Some("b")),
            ("s3.localhost.localstack.cloud", None),
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().expect("a header"))]);
            assert_eq!(bucket_of_host(&headers).as_deref(), wanted, "{host}");
        }
    }
}
