//! Objects whose content an attack replaced by noise. Owns how the noise is distinguished from what others wrote,
//! and that deleting its versions brings the contents before it back.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html>

use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;

use super::{Versioned, Versioning, permissions::*, things::BUCKET, versions};
use crate::aws::{digest::generated, kit::*, owned::Made};

/// Metadata of what was written over an object.
const MARK: &str = "backburn-overwrote";
const TOGETHER: usize = 16;
/// Objects that one attack may overwrite.
const MOST: usize = 1_000;
const NOISE: usize = 64;

setting! {
    pub struct Overwritten {
        pub bucket: String,
        /// Keys that begin with it; all when empty.
        pub prefix: String,
        pub run: String,
        pub step: String,
    }
    // `None`: none of the objects is our noise. The id is what the attack is known by; complete when
    // all are.
    "s3.overwritten-objects" = Option<Made>, target "{bucket}/{prefix}";
    reads [LIST_BUCKET_VERSIONS, GET_BUCKET_VERSIONING, GET_OBJECT];
    writes [PUT_OBJECT, DELETE_OBJECT_VERSION];
    releases [DELETE_OBJECT_VERSION];
    release Restored Protection;
    touches [BUCKET(bucket)];
}

impl Overwritten {
    fn mark(&self) -> String {
        format!("{} {}", self.run, self.step)
    }

    /// Current versions under the prefix, each with whether it is our noise.
    async fn current(&self, aws: &Aws) -> Result<Vec<(versions::Version, bool)>, CallError> {
        let all = versions::list(aws, &self.bucket, &self.prefix).await?;
        let current: Vec<_> = all.into_iter().filter(|v| v.latest && !v.marker).collect();
        if current.len() > MOST {
            let text = format!(
                "bucket `{}` has {} objects under `{}`, at most {MOST} are overwritten; give a longer prefix",
                self.bucket,
                current.len(),
                self.prefix
            );
            return Err(CallError::local(Self::KIND, Class::Invalid, text));
        }
        let mut found = Vec::new();
        for batch in current.chunks(TOGETHER) {
            let look = |version: versions::Version| async move {
                let call = aws
                    .s3_of(&self.bucket)
                    .await
                    .head_object()
                    .bucket(&self.bucket)
                    .key(&version.key);
                let head = call.send().await.by(GET_OBJECT)?;
                let mark = head.metadata.as_ref().and_then(|metadata| metadata.get(MARK));
                Ok::<_, CallError>((version, mark == Some(&self.mark())))
            };
            for one in join_all(batch.iter().cloned().map(look)).await {
                found.push(one?);
            }
        }
        Ok(found)
    }

    async fn overwrite(&self, aws: &Aws, key: &str) -> Result<(), CallError> {
        let noise = generated(&format!("{}/{key}", self.mark()), NOISE);
        let call = aws.s3_of(&self.bucket).await.put_object().bucket(&self.bucket).key(key);
        let call = call.metadata(MARK, self.mark()).body(ByteStream::from(noise)).send().await;
        call.map(drop).by(PUT_OBJECT)
    }
}

impl Fact<Aws> for Overwritten {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let current = settled(self.current(aws).await, Class::Gone)?;
        let noise = current.iter().filter(|(_, is_noise)| *is_noise).count();
        match noise {
            0 => Ok(None),
            count => Ok(Made::found(self.mark(), count == current.len())),
        }
    }
}

impl Setting<Aws> for Overwritten {
    /// Refuses what could not be given back: an object whose only version would be replaced.
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        if value.is_none() {
            let current = settled(self.current(aws).await, Class::Gone)?;
            let noise = current.into_iter().filter(|(_, is_noise)| *is_noise);
            let noise: Vec<_> = noise.map(|(version, _)| version).collect();
            return versions::delete(aws, &self.bucket, &noise).await.done_if_gone();
        }
        let current = self.current(aws).await?;
        let versioned = Versioning { bucket: self.bucket.clone() }.read(aws).await?;
        let left: Vec<_> = current.into_iter().filter(|(_, is_noise)| !is_noise).collect();
        let lost =
            |(v, _): &&(versions::Version, bool)| versioned != Versioned::Enabled && v.id == "null";
        if let Some((version, _)) = left.iter().find(lost) {
            let text = format!(
                "object `{}` in `{}` has no version that would be kept; switch versioning on and write it again first",
                version.key, self.bucket
            );
            return Err(PUT_OBJECT.invalid(text));
        }
        for batch in left.chunks(TOGETHER) {
            let put = batch.iter().map(|(version, _)| self.overwrite(aws, &version.key));
            join_all(put).await.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}
