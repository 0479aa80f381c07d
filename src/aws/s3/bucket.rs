//! A bucket that a run makes for itself, private and with its objects: absent, or there. Owns how it is
//! made, known by its tags, and removed with every version of every object that is in it by then.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>

use std::collections::BTreeMap;

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging},
};
use futures::future::join_all;

use super::{
    AccessBlock, BucketTags, Objects, PublicAccessBlock, Versioned, Versioning, permissions::*,
    versions,
};
use crate::aws::{
    kit::*,
    owned::{Made, RUN_TAG, STEP_TAG, not_ours},
};

/// Objects that are written at the same time.
const TOGETHER: usize = 16;

setting! {
    pub struct Bucket {
        pub name: String,
        pub run: String,
        pub step: String,
        pub versioning: bool,
        pub objects: Objects,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the bucket's ARN.
    "s3.bucket" = Option<Made>, target "{name}";
    reads [
        GET_BUCKET_TAGGING, LIST_BUCKET, LIST_BUCKET_VERSIONS, GET_BUCKET_VERSIONING,
        GET_BUCKET_PUBLIC_ACCESS_BLOCK,
    ];
    writes [
        CREATE_BUCKET, TAG_RESOURCE, PUT_BUCKET_TAGGING, PUT_BUCKET_PUBLIC_ACCESS_BLOCK,
        PUT_BUCKET_VERSIONING, PUT_OBJECT, DELETE_BUCKET, DELETE_OBJECT_VERSION,
    ];
    releases [DELETE_BUCKET, DELETE_OBJECT_VERSION];
    release Removed Scaffolding;
    makes;
}

/// The known state of a bucket of our name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Absent,
    Ours,
    /// Cut off between its creation and its tags, at an endpoint that takes none in the creating call.
    Untagged,
}

impl Bucket {
    async fn find(&self, aws: &Aws) -> Result<Found, CallError> {
        let tags = BucketTags { bucket: self.name.clone() }.read(aws).await?;
        let Some(tags) = tags else { return Ok(Found::Absent) };
        if tags.get(RUN_TAG) == Some(&self.run) {
            return Ok(Found::Ours);
        }
        let tail = self.run.get(self.run.len().saturating_sub(10)..).unwrap_or(&self.run);
        let named_by_us = self.name.starts_with(&format!("backburn-{}-", tail.to_lowercase()));
        if tags.is_empty() && named_by_us && versions::list(aws, &self.name, "").await?.is_empty() {
            return Ok(Found::Untagged);
        }
        Err(not_ours("s3:GetBucketTagging", &format!("bucket `{}`", self.name)))
    }

    fn all_tags(&self) -> Vec<Tag> {
        let own = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let all = own.chain([(RUN_TAG, self.run.as_str()), (STEP_TAG, self.step.as_str())]);
        all.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
    }

    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let region = aws.scope().region.as_str();
        // The one Region that is no location constraint.
        let place = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(self.all_tags()))
            .build();
        let call = aws.s3().create_bucket().bucket(&self.name);
        let call = call.create_bucket_configuration(configuration).send().await;
        match call.map(drop).by(CREATE_BUCKET) {
            Err(e) if e.code.as_deref() == Some("BucketAlreadyExists") => Err(CallError {
                class: Class::Invalid,
                message: format!("the name `{}` belongs to another account's bucket", self.name),
                ..e
            }),
            other => settled(other, Class::AlreadySo),
        }
    }

    async fn tag(&self, aws: &Aws) -> Result<(), CallError> {
        let tagging = Tagging::builder().set_tag_set(Some(self.all_tags())).build();
        let tagging = tagging.map_err(|e| CREATE_BUCKET.invalid(e.to_string()))?;
        let call = aws
            .s3_of(&self.name)
            .await
            .put_bucket_tagging()
            .bucket(&self.name)
            .tagging(tagging)
            .send()
            .await;
        call.map(drop).by(PUT_BUCKET_TAGGING)
    }

    /// Keys and sizes of what is in it.
    async fn present(&self, aws: &Aws) -> Result<BTreeMap<String, u64>, CallError> {
        let call = aws.s3_of(&self.name).await.list_objects_v2().bucket(&self.name);
        let page = |token| call.clone().set_continuation_token(token).send();
        let pages = Pages::new(LIST_BUCKET, page).all().await?;
        let objects = pages.into_iter().flat_map(|page| page.contents.unwrap_or_default());
        let sized = objects.filter_map(|object| {
            let size = object.size.and_then(|size| u64::try_from(size).ok());
            Some((object.key?, size.unwrap_or_default()))
        });
        Ok(sized.collect())
    }

    async fn fill(&self, aws: &Aws) -> Result<(), CallError> {
        let have = self.present(aws).await?;
        let missing: Vec<_> = self
            .objects
            .sizes()
            .into_iter()
            .filter(|(k, size)| have.get(k) != Some(size))
            .collect();
        for batch in missing.chunks(TOGETHER) {
            let put = |key: String| async move {
                let body = ByteStream::from(self.objects.content(&self.name, &key));
                let call =
                    aws.s3_of(&self.name).await.put_object().bucket(&self.name).key(key).body(body);
                call.send().await.map(drop).by(PUT_OBJECT)
            };
            let put = join_all(batch.iter().map(|(key, _)| put(key.clone()))).await;
            put.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    fn versioned(&self) -> Versioning {
        Versioning { bucket: self.name.clone() }
    }

    fn blocked(&self) -> PublicAccessBlock {
        PublicAccessBlock { bucket: self.name.clone() }
    }

    async fn is_complete(&self, aws: &Aws) -> Result<bool, CallError> {
        if self.blocked().read(aws).await? != Some(AccessBlock::ALL) {
            return Ok(false);
        }
        if self.versioning && self.versioned().read(aws).await? != Versioned::Enabled {
            return Ok(false);
        }
        let have = self.present(aws).await?;
        Ok(self.objects.sizes().iter().all(|(key, size)| have.get(key) == Some(size)))
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        // What a service still delivers may come in between.
        let filled = |e: &CallError| e.code.as_deref() == Some("BucketNotEmpty");
        aws.patiently(filled, || async {
            let all = versions::list(aws, &self.name, "").await?;
            versions::delete(aws, &self.name, &all).await?;
            let call = aws.s3_of(&self.name).await.delete_bucket().bucket(&self.name).send().await;
            call.map(drop).by(DELETE_BUCKET)
        })
        .await
    }
}

impl Fact<Aws> for Bucket {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let arn = format!("arn:{}:s3:::{}", aws.partition(), self.name);
        match self.find(aws).await? {
            Found::Absent => Ok(None),
            Found::Untagged => Ok(Made::found(arn, false)),
            Found::Ours => {
                let complete = settled(self.is_complete(aws).await, Class::Gone)?;
                Ok(Made::found(arn, complete))
            }
        }
    }
}

impl Setting<Aws> for Bucket {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let mut found = self.find(aws).await?;
        if value.is_none() {
            return match found {
                Found::Absent => Ok(()),
                _ => self.delete(aws).await.done_if_gone(),
            };
        }
        if found == Found::Absent {
            self.create(aws).await?;
            found = self.find(aws).await?;
        }
        if found != Found::Ours {
            self.tag(aws).await?;
        }
        self.blocked().write(aws, &Some(AccessBlock::ALL)).await?;
        if self.versioning {
            self.versioned().write(aws, &Versioned::Enabled).await?;
        }
        self.fill(aws).await
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}
