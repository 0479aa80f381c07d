//! A snapshot of one volume.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html>

use aws_sdk_ec2::types::ResourceType;

use super::{
    permissions::*,
    start_once::{once, single_attempt},
    tagged::{delete_snapshots, find_snapshots, poll_snapshots, tags},
    things::{SNAPSHOT, VOLUME},
};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct CreateSnapshot {
        pub volume: String,
        /// At most 255 characters.
        pub description: String,
    }
    // The id of the snapshot.
    "ec2.create-snapshot" = String, target "{volume}";
    uses [
        CREATE_SNAPSHOT, CREATE_SNAPSHOT.at(SNAPSHOTS), CREATE_TAGS.at(SNAPSHOTS),
        DESCRIBE_SNAPSHOTS,
    ];
    discards [DESCRIBE_SNAPSHOTS, DELETE_SNAPSHOT.at(SNAPSHOTS)];
    leaves "a snapshot of volume `{volume}`", planned AFTER_RUN.into();
    touches [VOLUME(volume)];
}

impl Operation<Aws> for CreateSnapshot {
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        Ok(find_snapshots(aws, token).await?.into_iter().next())
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let start = || async {
            let call = aws.ec2().create_snapshot().volume_id(&self.volume);
            let call = call.description(&self.description);
            let call = call.tag_specifications(tags(ResourceType::Snapshot, token)).customize();
            let made = call.config_override(single_attempt()).send().await.by(CREATE_SNAPSHOT)?;
            Ok(made.snapshot_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        poll_snapshots(aws, &[job], |_| job.into()).await
    }

    fn made(&self, job: &str) -> Vec<Thing> {
        [job].into_iter().map(|id| SNAPSHOT.thing(id)).collect()
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        delete_snapshots(aws, &[job]).await.map(|()| true)
    }
}
