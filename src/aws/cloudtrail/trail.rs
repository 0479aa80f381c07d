//! A trail that a run makes for itself and that logs: absent, or there. Owns how it is made, known by the
//! tags of its creating call, and removed. Its bucket and that bucket's policy are other settings.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::Tag;

use super::{Logging, TrailIs, TrailTags, permissions::*};
use crate::aws::{
    kit::*,
    owned::{Made, RUN_TAG, STEP_TAG, not_ours},
};

setting! {
    pub struct Trail {
        /// 3 to 128 characters.
        pub name: String,
        pub run: String,
        pub step: String,
        pub bucket: String,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the trail's ARN; complete when it logs.
    "cloudtrail.trail" = Option<Made>, target "{name}";
    reads [GET_TRAIL, LIST_TAGS, GET_TRAIL_STATUS];
    writes [CREATE_TRAIL, ADD_TAGS, START_LOGGING, DELETE_TRAIL];
    releases [DELETE_TRAIL];
    release Removed Scaffolding;
    makes;
}

impl Trail {
    async fn find(&self, aws: &Aws) -> Result<Option<TrailIs>, CallError> {
        let found = TrailTags { trail: self.name.clone() }.read(aws).await?;
        match found {
            Some(trail) if trail.tags.get(RUN_TAG) != Some(&self.run) => {
                Err(not_ours(CREATE_TRAIL.action, &format!("trail `{}`", self.name)))
            }
            found => Ok(found),
        }
    }

    fn logging(&self) -> Logging {
        Logging::of(&self.name)
    }

    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let own = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let all = own.chain([(RUN_TAG, self.run.as_str()), (STEP_TAG, self.step.as_str())]);
        let tags: Vec<_> = all
            .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
            .collect();
        // The bucket's policy may have been written a moment ago.
        let fresh =
            |e: &CallError| e.code.as_deref() == Some("InsufficientS3BucketPolicyException");
        let call = || async {
            let call = aws.cloudtrail().create_trail().name(&self.name);
            let call = call.s3_bucket_name(&self.bucket).include_global_service_events(true);
            let call = call.enable_log_file_validation(true).set_tags_list(Some(tags.clone()));
            call.send().await.map(drop).by(CREATE_TRAIL)
        };
        settled(aws.patiently(fresh, call).await, Class::AlreadySo)
    }
}

impl Fact<Aws> for Trail {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let Some(trail) = self.find(aws).await? else { return Ok(None) };
        let logs = settled(self.logging().read(aws).await, Class::Gone)?;
        Ok(Made::found(trail.arn, logs))
    }
}

impl Setting<Aws> for Trail {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.find(aws).await?.is_some();
        if value.is_some() {
            if !there {
                self.create(aws).await?;
            }
            let gone = |e: &CallError| e.class == Class::Gone;
            return aws.patiently(gone, || async { self.logging().write(aws, &true).await }).await;
        }
        if !there {
            return Ok(());
        }
        let call = aws.cloudtrail().delete_trail().name(&self.name).send().await;
        call.by(DELETE_TRAIL).done_if_gone()
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}
