//! S3 Block Public Access, of a bucket and of its account: "the most restrictive combination" of both holds.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use hyper::Method;

use super::public::{is_public_canned, is_public_group, is_public_policy};
use crate::wire::Xml;
use crate::{AwsError, Call, Front, Session, identity};

/// Which of the four settings are on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Blocks {
    public_acls: bool,
    pub(crate) ignores_acls: bool,
    public_policy: bool,
    pub(crate) restricts: bool,
}

/// Those that write a list or a policy.
pub(super) fn watches(operation: &str) -> bool {
    [
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "PutBucketAcl",
        "PutBucketPolicy",
        "PutObject",
        "PutObjectAcl",
    ]
    .contains(&operation)
}

pub(super) async fn refuses(front: &Front, call: &Call) -> Option<AwsError> {
    let is_policy = call.operation == "PutBucketPolicy";
    let is_wanted = match is_policy {
        true => is_public_policy(&String::from_utf8_lossy(&call.body)),
        false => is_public_list(call),
    };
    if !is_wanted {
        return None;
    }
    let bucket = call.text("bucketName").unwrap_or_default();
    // Who writes it is mostly of the owner's account.
    let blocks = blocks(&front.as_service(&call.scope), bucket, true).await;
    let because = match is_policy {
        true if blocks.public_policy => "public policies are blocked by the BlockPublicPolicy",
        false if blocks.public_acls => {
            "public access control lists (ACLs) are blocked by the BlockPublicAcls"
        }
        _ => return None,
    };
    let action = match call.operation.as_str() {
        "CopyObject" | "CreateMultipartUpload" => "PutObject",
        other => other,
    };
    let key = call.text("key").filter(|key| !key.is_empty()).map(|key| format!("/{key}"));
    let on = format!("arn:aws:s3:::{bucket}{}", key.unwrap_or_default());
    // The upstream has a name of its own for the root user.
    let who = match identity::is_root(&call.identity.access_key) {
        true => format!("arn:aws:iam::{}:root", call.account()),
        false => call.identity.arn.clone(),
    };
    let text = format!(
        "User: {who} is not authorized to perform: s3:{action} on resource: \"{on}\" because {because} block public access setting."
    );
    Some(AwsError::new(403, "AccessDenied", text))
}

/// By a canned list, by grants in headers or by a list in the body.
fn is_public_list(call: &Call) -> bool {
    let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let grants = call.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-grant-"));
    let mut grants = grants.filter_map(|(_, value)| value.to_str().ok());
    let of_body = || match call.operation.ends_with("Acl") {
        true => is_public_group(&String::from_utf8_lossy(&call.body)),
        false => false,
    };
    text("x-amz-acl").is_some_and(is_public_canned) || grants.any(is_public_group) || of_body()
}

/// What is on for a bucket, and with it what the session's account has on, where the bucket is the account's own. What
/// cannot be read is off.
pub(crate) async fn blocks(session: &Session, bucket: &str, is_own: bool) -> Blocks {
    let path = format!("/{bucket}?publicAccessBlock");
    let own = read(session, &path, &[]).await;
    let account = session.scope().account.clone();
    let path = "/v20180820/configuration/publicAccessBlock";
    let of_account = match is_own {
        true => read(session, path, &[("x-amz-account-id", &account)]).await,
        false => Blocks::default(),
    };
    let both = [own, of_account];
    let any = |on: fn(&Blocks) -> bool| both.iter().any(on);
    Blocks {
        public_acls: any(|one| one.public_acls),
        ignores_acls: any(|one| one.ignores_acls),
        public_policy: any(|one| one.public_policy),
        restricts: any(|one| one.restricts),
    }
}

async fn read(session: &Session, path: &str, headers: &[(&str, &str)]) -> Blocks {
    let none = bytes::Bytes::new();
    let read = session.bytes("s3", "GetPublicAccessBlock", Method::GET, path, headers, none).await;
    let xml = read.ok().and_then(|body| Xml::parse(&String::from_utf8_lossy(&body)));
    let is_on = |name: &str| {
        let found = xml.as_ref().and_then(|xml| xml.find(name));
        found.is_some_and(|setting| setting.text.eq_ignore_ascii_case("true"))
    };
    Blocks {
        public_acls: is_on("BlockPublicAcls"),
        ignores_acls: is_on("IgnorePublicAcls"),
        public_policy: is_on("BlockPublicPolicy"),
        restricts: is_on("RestrictPublicBuckets"),
    }
}
