//! S3: buckets that a run makes with their objects, versioning, the public access block, the bucket policy,
//! objects that an attack overwrites, and a hash of contents. Owns their reads and writes.

mod account;
mod bucket;
mod bucket_policy;
mod bucket_tags;
mod contents;
mod objects;
mod overwritten;
mod permissions;
mod public_access_block;
mod rival;
pub(crate) mod things;
mod versioning;
mod versions;

pub use bucket::Bucket;
pub use bucket_policy::BucketPolicy;
pub use bucket_tags::BucketTags;
pub use contents::{Contents, ContentsAre};
pub use objects::{Generate, Objects};
pub use overwritten::Overwritten;
pub use public_access_block::{AccessBlock, PublicAccessBlock};
pub use versioning::{Versioned, Versioning};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(s3, aws_sdk_s3, path_style);

/// A custom endpoint has no host name for each bucket.
fn path_style(aws: &Aws, config: aws_sdk_s3::config::Builder) -> aws_sdk_s3::config::Builder {
    config.force_path_style(aws.endpoint().is_some())
}

pub(super) const SERVICE: Service = Service {
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("s3", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<Bucket>()
        .with::<BucketPolicy>()
        .with::<Overwritten>()
        .with::<PublicAccessBlock>()
        .with::<Versioning>()
}
