//! One EBS snapshot: whose it is and under which key.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html>

use aws_sdk_ec2::types;

use super::{gone, permissions::*, some};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct Snapshot {
        pub snapshot: String,
    }
    "ec2.snapshot" = SnapshotFacts, target "{snapshot}";
    reads [DESCRIBE_SNAPSHOTS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotFacts {
    pub snapshot: String,
    pub volume: Option<String>,
    /// Account id.
    pub owner: Option<String>,
    /// `pending`, `completed`, `error`, `recoverable` or `recovering`.
    pub state: String,
    pub encrypted: bool,
    /// ARN.
    pub kms_key: Option<String>,
    /// Size of the volume.
    pub gib: Option<i32>,
    /// It is in the archive tier and not restored from it: it cannot be copied, and its blocks cannot be
    /// read. <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html>
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

impl SnapshotFacts {
    /// Why it cannot be used, and what to do, where it is archived.
    pub fn why_archived(&self) -> Option<String> {
        let id = &self.snapshot;
        self.archived.then(|| {
            format!(
                "snapshot `{id}` is archived and cannot be read; restore it (`aws ec2 restore-snapshot-tier --snapshot-id {id} --temporary-restore-days 7`), which takes up to 72 hours"
            )
        })
    }
}

impl Snapshot {
    pub fn of(snapshot: impl AsRef<str>) -> Self {
        Self { snapshot: snapshot.as_ref().into() }
    }
}

impl Fact<Aws> for Snapshot {
    async fn read(&self, aws: &Aws) -> Result<SnapshotFacts, CallError> {
        let call = aws.ec2().describe_snapshots().snapshot_ids(&self.snapshot).send().await;
        let found = call.by(DESCRIBE_SNAPSHOTS)?.snapshots;
        let found = found.into_iter().flatten().next();
        let found =
            found.ok_or_else(|| gone(DESCRIBE_SNAPSHOTS.action, "snapshot", &self.snapshot))?;
        let archived = found.storage_tier == Some(types::StorageTier::Archive)
            && found.restore_expiry_time.is_none();
        Ok(SnapshotFacts {
            archived,
            snapshot: self.snapshot.clone(),
            volume: some(found.volume_id),
            owner: some(found.owner_id),
            state: found.state.map_or_else(|| "unknown".into(), |s| s.as_str().to_string()),
            encrypted: found.encrypted.unwrap_or_default(),
            kms_key: some(found.kms_key_id),
            gib: found.volume_size,
        })
    }
}
