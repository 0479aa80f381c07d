//! A copy of a snapshot in the Region that is called, under a customer key where one is given:
//! snapshots under `aws/ebs` cannot be shared with another account.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html>

use aws_sdk_ec2::types;

use super::{
    permissions::*,
    presign,
    start_once::{once, single_attempt},
    tagged,
};

use crate::{aws::kit::*, engine::AFTER_RUN};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopySnapshot {
    pub snapshot: String,
    pub source_region: String,
    /// The source is encrypted; a copy of it is too.
    pub encrypted: bool,
    /// Key id, alias or ARN.
    pub kms_key: Option<String>,
    pub description: String,
}

impl Operation<Aws> for CopySnapshot {
    const KIND: &'static str = "ec2.copy-snapshot";
    const USES: &'static [Permission] = &[
        // The copy may go to another Region than the run's own.
        COPY_SNAPSHOT,
        CREATE_TAGS,
        DESCRIBE_SNAPSHOTS,
        CREATE_GRANT,
        DECRYPT,
        DESCRIBE_KEY,
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
        RE_ENCRYPT_FROM,
        RE_ENCRYPT_TO,
    ];
    const DISCARDS: &'static [Permission] = &[DELETE_SNAPSHOT, DESCRIBE_SNAPSHOTS];
    /// Id of the copy.
    const REACH: Reach = Reach::Makes;
    type Output = String;

    fn target(&self) -> String {
        self.snapshot.clone()
    }

    fn touches(&self) -> Vec<Thing> {
        Vec::new()
    }

    fn leaves(&self) -> String {
        format!("a copy of snapshot `{}`", self.snapshot)
    }

    fn planned(&self) -> String {
        AFTER_RUN.into()
    }

    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        Ok(tagged::find_snapshots(aws, token).await?.into_iter().next())
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let away = self.source_region != aws.scope().region;
        // The query API wants the copy of an encrypted snapshot signed for the source Region too,
        // and this SDK leaves that to its caller.
        let signed = match away && self.encrypted {
            true => presign::copy_snapshot(aws, &self.snapshot, &self.source_region).await?,
            false => None,
        };
        let start = || async {
            let call = aws
                .ec2()
                .copy_snapshot()
                .source_snapshot_id(&self.snapshot)
                .source_region(&self.source_region)
                .description(&self.description)
                // An encrypted source needs no flag, and `false` is not allowed.
                .set_encrypted(self.kms_key.is_some().then_some(true))
                .set_kms_key_id(self.kms_key.clone())
                .set_presigned_url(signed.clone())
                .tag_specifications(tagged::tags(types::ResourceType::Snapshot, token))
                .customize()
                .config_override(single_attempt())
                .send()
                .await
                .by(COPY_SNAPSHOT)?;
            Ok(call.snapshot_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        let found = tagged::describe_snapshots(aws, &[job]).await?;
        Ok(match tagged::progress(&found) {
            Progress::Done(()) => Progress::Done(job.into()),
            Progress::Running { percent, .. } => {
                Progress::Running { percent, note: format!("copying to `{job}`") }
            }
            Progress::Failed(why) => Progress::Failed(why),
        })
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        tagged::delete_snapshots(aws, &[job]).await.map(|()| true)
    }
}
