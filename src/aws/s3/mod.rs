//! S3: buckets that a run makes with their objects, versioning, the public access block, the bucket policy,
//! objects that an attack overwrites, and a hash of contents. Owns their reads and writes.

mod account;
mod bucket;
mod bucket_policy;
mod bucket_tags;
mod canary;
mod contents;
mod let_in;
mod located;
mod objects;
mod overwritten;
mod permissions;
mod public_access_block;
mod rival;
pub(crate) mod things;
mod versioning;
pub(crate) mod versions;

pub use bucket::Bucket;
pub use bucket_policy::BucketPolicy;
pub use bucket_tags::BucketTags;
pub use canary::CanaryObject;
pub use contents::{Contents, ContentsAre};
pub use let_in::LetIn;
pub use objects::{Generate, Objects};
pub use overwritten::Overwritten;
pub(in crate::aws) use permissions::GET_BUCKET_PUBLIC_ACCESS_BLOCK;
pub use public_access_block::{AccessBlock, PublicAccessBlock};
pub use versioning::{Versioned, Versioning};

use super::{Aws, client::client, service::Service};
use crate::engine::{Class, Registry, World};

client!(s3, aws_sdk_s3, configured);

/// A custom endpoint has no host name for each bucket. Every call says whose bucket it means.
fn configured(aws: &Aws, config: aws_sdk_s3::config::Builder) -> aws_sdk_s3::config::Builder {
    let account = aws.scope().account.clone();
    config.force_path_style(!aws.is_aws("s3")).interceptor(located::ExpectedOwner { account })
}

pub(super) const SERVICE: Service = Service {
    denial: ("AccessDenied", 403),
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    codes: &[
        // The request was signed for another Region than the bucket's, or does not go to it.
        ("AuthorizationHeaderMalformed", Class::Invalid),
        ("IllegalLocationConstraintException", Class::Invalid),
        ("PermanentRedirect", Class::Invalid),
        ("TemporaryRedirect", Class::Invalid),
        // The connection was idle.
        ("RequestTimeout", Class::Unreachable),
        // Of the session; of other services it is a page's.
        ("InvalidToken", Class::Expired),
        ("TokenRefreshRequired", Class::Expired),
    ],
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("s3", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<Bucket>()
        .with::<BucketPolicy>()
        .with::<CanaryObject>()
        .with::<Overwritten>()
        .with::<PublicAccessBlock>()
        .with::<Versioning>()
}
