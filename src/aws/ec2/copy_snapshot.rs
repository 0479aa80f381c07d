//! A copy of a snapshot in the Region that is called, under a customer key where one is given:
//! snapshots under `aws/ebs` cannot be shared with another account.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html>

use aws_sdk_ec2::types::ResourceType;

use super::{
    permissions::*,
    presign,
    start_once::{once, single_attempt},
    tagged::{delete_snapshots, find_snapshots, poll_snapshots, tags},
};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct CopySnapshot {
        pub snapshot: String,
        pub source_region: String,
        /// The source is encrypted; a copy of it is too.
        pub encrypted: bool,
        /// Key id, alias or ARN.
        pub kms_key: Option<String>,
        pub description: String,
    }
    // The id of the copy.
    "ec2.copy-snapshot" = String, target "{snapshot}";
    // In any Region: the copy may go to another than the run's own.
    uses [
        COPY_SNAPSHOT, CREATE_TAGS, DESCRIBE_SNAPSHOTS, CREATE_GRANT, DECRYPT, DESCRIBE_KEY,
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT, RE_ENCRYPT_FROM, RE_ENCRYPT_TO,
    ];
    discards [DELETE_SNAPSHOT, DESCRIBE_SNAPSHOTS];
    leaves "a copy of snapshot `{snapshot}`", planned AFTER_RUN.into();
    makes;
}

impl Operation<Aws> for CopySnapshot {
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        Ok(find_snapshots(aws, token).await?.into_iter().next())
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
                .tag_specifications(tags(ResourceType::Snapshot, token))
                .customize();
            let made = call.config_override(single_attempt()).send().await.by(COPY_SNAPSHOT)?;
            Ok(made.snapshot_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        Ok(match poll_snapshots(aws, &[job], |_| job.into()).await? {
            Progress::Running { percent, .. } => {
                Progress::Running { percent, note: format!("copying to `{job}`") }
            }
            ended => ended,
        })
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        delete_snapshots(aws, &[job]).await.map(|()| true)
    }
}
