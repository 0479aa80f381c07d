//! What is in a bucket, as one hash over keys and contents. Owns that read, which downloads every object.

use std::collections::BTreeMap;

use futures::future::join_all;
use sha2::{Digest as _, Sha256};

use super::{canary, permissions::*};
use crate::aws::{
    digest::{Digest, hex},
    kit::*,
};

const TOGETHER: usize = 16;

fact! {
    /// Current objects of a bucket whose keys begin with `prefix`.
    pub struct Contents {
        pub bucket: String,
        pub prefix: String,
        /// Keys of objects that are no content but canaries; read whatever the prefix.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub canaries: Vec<String>,
    }
    // `None`: there is no such bucket.
    "s3.contents" = Option<ContentsAre>, target "{bucket}/{prefix}";
    reads [LIST_BUCKET, GET_OBJECT];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsAre {
    /// 64 hexadecimal digits, see [`Digest`].
    pub digest: String,
    pub objects: u64,
    /// The body of each canary that is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub canaries: BTreeMap<String, String>,
}

impl Contents {
    async fn keys(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let call = aws
            .s3_of(&self.bucket)
            .await
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix);
        let page = |token| call.clone().set_continuation_token(token).send();
        let pages = Pages::new(LIST_BUCKET, page).all().await?;
        let objects = pages.into_iter().flat_map(|page| page.contents.unwrap_or_default());
        Ok(objects.filter_map(|object| object.key).collect())
    }

    async fn hash(&self, aws: &Aws, key: &str) -> Result<String, CallError> {
        let call =
            aws.s3_of(&self.bucket).await.get_object().bucket(&self.bucket).key(key).send().await;
        let mut body = call.by(GET_OBJECT)?.body;
        let mut hash = Sha256::new();
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|e| {
                let text = format!("object `{key}` broke off: {e}");
                CallError::local(GET_OBJECT.action, Class::Unreachable, text)
            })?;
            hash.update(&bytes);
        }
        Ok(hex(&hash.finalize()))
    }
}

impl Fact<Aws> for Contents {
    async fn read(&self, aws: &Aws) -> Result<Option<ContentsAre>, CallError> {
        let Some(keys) = self.keys(aws).await.absent_if_gone()? else { return Ok(None) };
        let keys: Vec<_> = keys.into_iter().filter(|key| !self.canaries.contains(key)).collect();
        let mut canaries = BTreeMap::new();
        for key in &self.canaries {
            if let Some(body) = canary::body(aws, &self.bucket, key).await? {
                canaries.insert(key.clone(), body);
            }
        }
        let mut digest = Digest::default();
        for batch in keys.chunks(TOGETHER) {
            let hashes = join_all(batch.iter().map(|key| self.hash(aws, key))).await;
            for (key, hash) in batch.iter().zip(hashes) {
                digest.add_hash(key, hash?);
            }
        }
        Ok(Some(ContentsAre { objects: digest.len() as u64, digest: digest.hex(), canaries }))
    }
}
