//! Copy a snapshot, to another Region or under another key, and wait until the copy is complete.
//!
//! Snapshots under the key `aws/ebs` cannot be shared with another account, and a snapshot is lost
//! with its key: a copy under a customer key that only responders may delete is neither. Copies are
//! slow and limited to 20 at a time for each destination Region. Release keeps the copy as evidence.

use crate::{
    actions::kit::*,
    aws::ec2::{CopySnapshot as Copy, Snapshot},
    playbook::types::{Region, SnapshotId},
};

/// Inputs of `ec2.copy-snapshot`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CopySnapshot {
    /// The snapshot to copy, in the run's Region.
    pub snapshot: SnapshotId,
    /// Where the copy goes; the run's Region when left out.
    #[serde(default)]
    pub to_region: Option<Region>,
    /// Key of the copy: id, alias or ARN in the Region where it goes. Left out, an encrypted
    /// snapshot is copied under `aws/ebs`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub kms_key: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Copied {
    /// Id of the copy.
    pub snapshot: String,
    /// Where it is.
    pub region: String,
}

impl Action for CopySnapshot {
    const SPEC: Spec = spec! {
        "ec2.copy-snapshot": "Copy a snapshot to another Region or under a customer key";
        Preserve;
        uses [fact Snapshot, operation Copy];
        effects [CopiesSnapshot];
    };
    type Output = Copied;

    async fn run(&self, step: &Step<Aws>) -> Result<Copied, StepError> {
        let from = step.world().scope().region.clone();
        let to = self.to_region.as_ref().map_or_else(|| from.clone(), ToString::to_string);
        let there = step.in_region(&to);
        let copy = |encrypted| Copy {
            snapshot: self.snapshot.to_string(),
            source_region: from.clone(),
            encrypted,
            kms_key: self.kms_key.clone(),
            description: format!("backburn {} copy of {} from {from}", step.run(), self.snapshot),
        };
        if step.planning() && self.snapshot.is_placeholder() {
            // Still shown in the plan; what depends on the snapshot itself stays open.
            there.start(copy(false)).await?;
            return Err(StepError::Open("copies a snapshot that the run takes".into()));
        }
        let facts = step.read(&Snapshot::of(&self.snapshot)).await?;
        if let Some(why) = facts.why_archived() {
            return Err(StepError::Refused(why));
        }
        if facts.state != "completed" {
            return Err(StepError::Failed(format!(
                "snapshot `{}` is {}; only a completed one can be copied, so wait for it first",
                self.snapshot, facts.state
            )));
        }
        if facts.encrypted && self.kms_key.is_none() {
            step.note(format!(
                "the copy of `{}` will be under `aws/ebs` and cannot be shared with another account; give `kms-key` to change that",
                self.snapshot
            ))
            .await?;
        }
        let snapshot = there.start(copy(facts.encrypted)).await?;
        Ok(Copied { snapshot, region: to })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        actions::testing::plan,
        aws::replay::{Replay, aws},
        engine::plan::PlanState,
    };

    /// As EC2 describes a snapshot in the archive tier, and one that is restored for some days.
    #[tokio::test]
    async fn an_archived_snapshot_is_refused_in_the_plan_and_a_restored_one_is_not() {
        const ID: &str = "snap-0123456789abcdef0";
        let planned = async |more: &str| {
            let answer = format!(
                "<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>{ID}</snapshotId><status>completed</status>\
                 <storageTier>archive</storageTier>{more}</item></snapshotSet></DescribeSnapshotsResponse>"
            );
            let replay = Replay::default().xml("DescribeSnapshots", &answer);
            plan(aws(&replay), "ec2.copy-snapshot", json!({ "snapshot": ID })).await.state
        };
        let PlanState::Refused(why) = planned("").await else { panic!("it is archived") };
        assert!(why.contains("is archived") && why.contains("restore-snapshot-tier"), "{why}");
        let until = "<restoreExpiryTime>2026-12-07T00:00:00.000Z</restoreExpiryTime>";
        assert_eq!(planned(until).await, PlanState::Planned);
    }
}
