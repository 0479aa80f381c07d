//! The S3 part of an account: buckets with their policy, public access block, versioning and tags, and
//! the versions of their objects by size and hash. Not the metadata, tags and ACLs of objects.

use std::collections::BTreeMap;

use aws_sdk_s3::{Client, config::Builder};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, Unread, by_id, unless, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[
        ("s3.bucket", &[]),
        ("s3.bucket-policy", &[("buckets", "policy")]),
        ("s3.canary", &[]),
        ("s3.overwritten-objects", &[]),
        ("s3.public-access-block", &[("buckets", "public-access-block")]),
        ("s3.versioning", &[]),
    ],
    evidence: &[],
    open: |lens| {
        // The front puts right what moto says of a bucket whose versions nobody asked for. The lab has no
        // host name for each bucket.
        let config = Builder::from(&lens.front).force_path_style(true).build();
        Box::new(Reader(Client::from_conf(config)))
    },
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut pages = self.0.list_buckets().into_paginator().items().send();
            let mut all = Vec::new();
            while let Some(one) = pages.next().await {
                let name = one.map_err(why)?.name.unwrap_or_default();
                all.push((Some(name.clone()), bucket(&self.0, &name).await?));
            }
            Ok(json!({ "buckets": by_id(all) }))
        })
    }
}

async fn bucket(s3: &Client, name: &str) -> Read {
    let policy = s3.get_bucket_policy().bucket(name).send().await;
    let policy = unless(&["NoSuchBucketPolicy"], policy)?.and_then(|found| found.policy);
    let policy = policy.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    let tags = unless(&["NoSuchTagSet"], s3.get_bucket_tagging().bucket(name).send().await)?;
    let tags = tags.into_iter().flat_map(|found| found.tag_set);
    let tags: Value = tags.map(|tag| (tag.key, json!(tag.value))).collect();
    let block = s3.get_public_access_block().bucket(name).send().await;
    let block = unless(&["NoSuchPublicAccessBlockConfiguration"], block)?;
    let block = block.and_then(|found| found.public_access_block_configuration).map(|block| {
        json!({
            "block-acls": block.block_public_acls(), "ignore-acls": block.ignore_public_acls(),
            "block-policy": block.block_public_policy(),
            "restrict": block.restrict_public_buckets(),
        })
    });
    let versioning = s3.get_bucket_versioning().bucket(name).send().await.map_err(why)?;
    Ok(json!({
        "policy": policy, "tags": tags, "public-access-block": block,
        "versioning": versioning.status().map(aws_sdk_s3::types::BucketVersioningStatus::as_str),
        "objects": objects(s3, name).await?,
    }))
}

/// By key: its versions and delete markers. Their ids are new in each account and say nothing.
async fn objects(s3: &Client, bucket: &str) -> Result<Value, Unread> {
    let mut found = BTreeMap::<String, Vec<Value>>::new();
    let (mut key, mut id) = (None, None);
    loop {
        let call = s3.list_object_versions().bucket(bucket);
        let call = call.set_key_marker(key.take()).set_version_id_marker(id.take());
        let page = call.send().await.map_err(why)?;
        for one in page.versions() {
            let told = json!({
                "hash": one.e_tag().map(|tag| tag.trim_matches('"')), "size": one.size(),
                "current": one.is_latest(), "versioned": one.version_id() != Some("null"),
            });
            found.entry(one.key().unwrap_or_default().into()).or_default().push(told);
        }
        for one in page.delete_markers() {
            let told = json!({ "deleted": true, "current": one.is_latest() });
            found.entry(one.key().unwrap_or_default().into()).or_default().push(told);
        }
        (key, id) = (page.next_key_marker, page.next_version_id_marker);
        if page.is_truncated != Some(true) || key.is_none() {
            return Ok(json!(found));
        }
    }
}
