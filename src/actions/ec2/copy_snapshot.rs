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
