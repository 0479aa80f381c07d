//! Facts of S3: the tags of a bucket, and a hash of its contents. Owns reads only.

mod bucket_tags;
mod contents;

pub use bucket_tags::BucketTags;
pub use contents::{Contents, ContentsAre};
