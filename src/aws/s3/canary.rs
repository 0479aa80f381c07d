//! One small object in a bucket, by which a restore shows what it has. Owns that one setting; its body is the moment at
//! which it was written.

use aws_sdk_s3::primitives::ByteStream;

use super::{permissions::*, things::BUCKET, versions};
use crate::aws::kit::*;

/// A canary's body has twenty characters; of another body no more is read.
const MOST: usize = 64;

setting! {
    pub struct CanaryObject {
        pub bucket: String,
        pub key: String,
    }
    // The moment, RFC 3339; `None`: there is no such object.
    "s3.canary" = Option<String>, target "{bucket}/{key}";
    reads [GET_OBJECT, LIST_BUCKET];
    writes [PUT_OBJECT, LIST_BUCKET_VERSIONS, DELETE_OBJECT_VERSION];
    release Restored Tags;
    touches [BUCKET(bucket)];
}

/// The body of an object, as text; `None` when there is none of this key.
///
/// # Errors
/// The call, or a body that breaks off.
pub(super) async fn body(aws: &Aws, bucket: &str, key: &str) -> Result<Option<String>, CallError> {
    let call = aws.s3_of(bucket).await.get_object().bucket(bucket).key(key).send().await;
    let mut body = match call.by(GET_OBJECT) {
        Ok(found) => found.body,
        Err(e) if e.code.as_deref() == Some("NoSuchKey") => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut text = Vec::new();
    while text.len() <= MOST
        && let Some(bytes) = body.next().await
    {
        let bytes = bytes.map_err(|e| {
            let text = format!("object `{key}` broke off: {e}");
            CallError::local(GET_OBJECT.action, Class::Unreachable, text)
        })?;
        text.extend_from_slice(&bytes);
    }
    text.truncate(MOST);
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

impl Fact<Aws> for CanaryObject {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        body(aws, &self.bucket, &self.key).await
    }
}

impl Setting<Aws> for CanaryObject {
    async fn write(&self, aws: &Aws, value: &Option<String>) -> Result<(), CallError> {
        if let Some(at) = value {
            let call =
                aws.s3_of(&self.bucket).await.put_object().bucket(&self.bucket).key(&self.key);
            let call = call.body(ByteStream::from(at.clone().into_bytes())).send().await;
            return call.map(drop).by(PUT_OBJECT);
        }
        // Every version: a delete marker would leave the canary there, and paid for.
        let all = versions::list(aws, &self.bucket, &self.key).await?;
        let own: Vec<_> = all.into_iter().filter(|version| version.key == self.key).collect();
        versions::delete(aws, &self.bucket, &own).await
    }

    /// The drill attacks what it wrote: whatever became of its content, it is the run's own by its name.
    fn agrees(want: &Option<String>, have: &Option<String>) -> bool {
        want.is_some() == have.is_some()
    }
}
