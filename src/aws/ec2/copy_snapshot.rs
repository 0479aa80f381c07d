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
    things::SNAPSHOT,
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
        // The query API wants the copy of an encrypted snapshot signed for the source Region too, and
        // with it the destination as a parameter of its own, which the signed URL must have as well.
        // Other SDKs send both with every copy that goes to another Region; this one leaves it to its caller.
        let signed = match away {
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
                .set_destination_region(signed.as_ref().map(|_| aws.scope().region.clone()))
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

    fn made(&self, job: &str) -> Vec<Thing> {
        [job].into_iter().map(|id| SNAPSHOT.thing(id)).collect()
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        delete_snapshots(aws, &[job]).await.map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    const MADE: &str = "<CopySnapshotResponse><snapshotId>snap-0123456789abcdef1</snapshotId></CopySnapshotResponse>";

    fn copy(from: &str) -> CopySnapshot {
        CopySnapshot {
            snapshot: "snap-0123456789abcdef0".into(),
            source_region: from.into(),
            encrypted: true,
            kms_key: None,
            description: "a copy".into(),
        }
    }

    fn token() -> Token {
        Token { run: "01RUN".into(), step: "copy".into(), id: "01RUN-copy".into() }
    }

    async fn sent(from: &str) -> String {
        let who =
            "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>";
        let replay = Replay::default()
            .date("Tue, 24 Nov 2026 10:00:00 GMT")
            .xml("GetCallerIdentity", who)
            .xml("CopySnapshot", MADE);
        copy(from).start(&aws(&replay), &token()).await.expect("a copy");
        replay.seen().pop().expect("a call").body
    }

    /// What botocore's and the Go SDK's own handlers put into the same request.
    #[tokio::test]
    async fn a_copy_to_another_region_names_it_and_is_signed_for_the_source() {
        let body = sent("eu-west-1").await;
        for part in [
            "&DestinationRegion=us-east-1",
            "&SourceRegion=eu-west-1",
            "&PresignedUrl=https%3A%2F%2Fec2.eu-west-1.amazonaws.com%2F%3FAction%3DCopySnapshot%26DestinationRegion%3Dus-east-1",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        let within = sent("us-east-1").await;
        assert!(
            !within.contains("PresignedUrl") && !within.contains("DestinationRegion"),
            "{within}"
        );
    }

    /// As many copies go to one Region as may: EC2 has done nothing, and the start is repeated.
    /// <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html>
    #[tokio::test]
    async fn too_many_copies_at_a_time_are_waited_for() {
        let full =
            "Too many snapshot copies in progress. The limit is 20 for this destination region.";
        let replay = Replay::default()
            .ec2_error("CopySnapshot", 400, "ResourceLimitExceeded", full)
            .xml("CopySnapshot", MADE);
        let made = copy("us-east-1").start(&aws(&replay), &token()).await;
        assert_eq!(made.as_deref(), Ok("snap-0123456789abcdef1"));
    }

    /// An archived snapshot cannot be copied; the answer is final and says what to do.
    /// <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html>
    #[tokio::test]
    async fn an_archived_snapshot_is_refused_in_awss_words() {
        let text = "The snapshot snap-0123456789abcdef0 is archived. Restore the snapshot before you copy it.";
        let replay = Replay::default().ec2_error("CopySnapshot", 400, "IncorrectState", text);
        let error = copy("us-east-1").start(&aws(&replay), &token()).await.expect_err("archived");
        assert!(error.message.contains("is archived"), "{error}");
        assert_eq!(replay.actions().len(), 1, "not repeated");
    }
}
