//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const BUCKETS: &str = "arn:aws:s3:::*";
pub(crate) const OBJECTS: &str = "arn:aws:s3:::*/*";

pub(crate) const CREATE_BUCKET: Permission = on("s3:CreateBucket", BUCKETS);
pub(crate) const DELETE_BUCKET: Permission = on("s3:DeleteBucket", BUCKETS);
pub(crate) const DELETE_BUCKET_POLICY: Permission = on("s3:DeleteBucketPolicy", BUCKETS);
pub(crate) const DELETE_OBJECT_VERSION: Permission = on("s3:DeleteObjectVersion", OBJECTS);
pub(crate) const GET_BUCKET_POLICY: Permission = on("s3:GetBucketPolicy", BUCKETS);
pub(crate) const GET_BUCKET_PUBLIC_ACCESS_BLOCK: Permission =
    on("s3:GetBucketPublicAccessBlock", BUCKETS);
pub(crate) const GET_BUCKET_TAGGING: Permission = on("s3:GetBucketTagging", BUCKETS);
pub(crate) const GET_BUCKET_VERSIONING: Permission = on("s3:GetBucketVersioning", BUCKETS);
pub(crate) const GET_OBJECT: Permission = on("s3:GetObject", OBJECTS);
pub(crate) const LIST_BUCKET: Permission = on("s3:ListBucket", BUCKETS);
pub(crate) const LIST_BUCKET_VERSIONS: Permission = on("s3:ListBucketVersions", BUCKETS);
pub(crate) const PUT_BUCKET_POLICY: Permission = on("s3:PutBucketPolicy", BUCKETS);
pub(crate) const PUT_BUCKET_PUBLIC_ACCESS_BLOCK: Permission =
    on("s3:PutBucketPublicAccessBlock", BUCKETS);
pub(crate) const PUT_BUCKET_TAGGING: Permission = on("s3:PutBucketTagging", BUCKETS);
pub(crate) const PUT_BUCKET_VERSIONING: Permission = on("s3:PutBucketVersioning", BUCKETS);
pub(crate) const PUT_OBJECT: Permission = on("s3:PutObject", OBJECTS);
pub(crate) const TAG_RESOURCE: Permission = on("s3:TagResource", BUCKETS);
