//! A snapshot of one volume.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html>

use aws_sdk_ec2::types;

use super::{
    permissions::*,
    start_once::{once, single_attempt},
    tagged,
    things::VOLUME,
};

use crate::{aws::kit::*, engine::AFTER_RUN};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSnapshot {
    pub volume: String,
    /// At most 255 characters.
    pub description: String,
}

impl Operation<Aws> for CreateSnapshot {
    const KIND: &'static str = "ec2.create-snapshot";
    const USES: &'static [Permission] = &[
        CREATE_SNAPSHOT,
        CREATE_SNAPSHOT.at(SNAPSHOTS),
        CREATE_TAGS.at(SNAPSHOTS),
        DESCRIBE_SNAPSHOTS,
    ];
    const DISCARDS: &'static [Permission] = &[DESCRIBE_SNAPSHOTS, DELETE_SNAPSHOT.at(SNAPSHOTS)];
    /// Id of the snapshot.
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] = &[VOLUME.permissions()];
    type Output = String;

    fn target(&self) -> String {
        self.volume.clone()
    }

    fn touches(&self) -> Vec<Thing> {
        vec![VOLUME.thing(&self.volume)]
    }

    fn leaves(&self) -> String {
        format!("a snapshot of volume `{}`", self.volume)
    }

    fn planned(&self) -> String {
        AFTER_RUN.into()
    }

    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        Ok(tagged::find_snapshots(aws, token).await?.into_iter().next())
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let start = || async {
            let call = aws
                .ec2()
                .create_snapshot()
                .volume_id(&self.volume)
                .description(&self.description)
                .tag_specifications(tagged::tags(types::ResourceType::Snapshot, token))
                .customize()
                .config_override(single_attempt())
                .send()
                .await
                .by(CREATE_SNAPSHOT)?;
            Ok(call.snapshot_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        let found = tagged::describe_snapshots(aws, &[job]).await?;
        Ok(match tagged::progress(&found) {
            Progress::Done(()) => Progress::Done(job.into()),
            Progress::Running { percent, note } => Progress::Running { percent, note },
            Progress::Failed(why) => Progress::Failed(why),
        })
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let call = aws.ec2().delete_snapshot().snapshot_id(job).send().await.map(drop);
        let call = call.by(DELETE_SNAPSHOT);
        settled(call, Class::Gone).map(|()| true)
    }
}
