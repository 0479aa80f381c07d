//! Compare a volume with the snapshot it should be like, block by block, through the EBS direct APIs.
//!
//! Takes a snapshot of the volume, then compares its blocks with those of the baseline by the
//! SHA-256 that EBS keeps of each: no instance reads the disk, and only blocks that were written are
//! looked at. Blocks that hold nothing count as zeros.
//!
//! A restore is judged by its content, not by the status COMPLETED. Damage does not fail the step: it
//! is the outcome. `no-blocks` means that neither snapshot holds any block, so that no content could
//! be compared: the volume was never written, or the endpoint keeps no blocks. A volume that is
//! smaller than the baseline is `damaged` without a look at its blocks.
//!
//! ```yaml
//! - id: content
//!   uses: ec2.compare-volume
//!   with:
//!     volume: ${{ steps.restore.resource-id }}
//!     snapshot: ${{ steps.baseline.recovery-point }}
//! ```
//!
//! The snapshot is kept on release, and deleted by the release of a drill.
//!
//! AWS: <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-accessing-snapshot.html>

use crate::{
    actions::kit::*,
    aws::ec2::{
        BlockRange, CreateSnapshot, Snapshot, SnapshotBlocks, SnapshotFacts, Volume, VolumeFacts,
    },
    playbook::types::VolumeId,
};

/// Inputs of `ec2.compare-volume`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompareVolume {
    /// The volume to judge.
    pub volume: VolumeId,
    /// What it should be like: a snapshot id, or the ARN of an EBS recovery point
    /// (`arn:aws:ec2:REGION::snapshot/snap-...`).
    #[schemars(length(min = 1))]
    pub snapshot: String,
}

/// How a volume compares with its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every block is the same.
    Same,
    /// At least one block differs, or the volume is smaller.
    Damaged,
    /// There was no block to compare.
    NoBlocks,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Likeness {
    pub outcome: Outcome,
    /// Blocks that the baseline holds.
    pub blocks: u64,
    /// Blocks that differ.
    pub different: u64,
}

impl Action for CompareVolume {
    const SPEC: Spec = spec! {
        "ec2.compare-volume": "Compare a volume with a snapshot, block by block";
        Verify;
        uses [
            fact Volume, fact Snapshot, fact SnapshotBlocks, fact BlockRange,
            operation CreateSnapshot,
        ];
    };
    type Output = Likeness;

    async fn run(&self, step: &Step<Aws>) -> Result<Likeness, StepError> {
        let take = CreateSnapshot {
            volume: self.volume.to_string(),
            description: format!("backburn {} compares {}", step.run(), self.volume),
        };
        if step.planning() {
            step.start(take).await?;
            return Err(StepError::Open("compares blocks that the run reads".into()));
        }
        let baseline = snapshot_id(&self.snapshot)?;
        let volume = step.read(&Volume::of(&self.volume)).await?;
        let facts = step.read(&Snapshot::of(&baseline)).await?;
        if let Some(why) = facts.why_archived() {
            return Err(StepError::Refused(why));
        }
        if facts.gib.is_some_and(|gib| volume.gib < gib) {
            step.note(format!("{}; no block was compared", sizes(&volume, &facts))).await?;
            return Ok(Likeness { outcome: Outcome::Damaged, blocks: 0, different: 0 });
        }
        let second = step.start(take).await?;
        let count =
            async |snapshot: &str| step.read(&SnapshotBlocks { snapshot: snapshot.into() }).await;
        let (blocks, others) = (count(&baseline).await?, count(&second).await?);
        if blocks == 0 && others == 0 {
            step.note(format!(
                "content could not be compared: neither `{baseline}` nor `{second}` holds a block. {}; the volume is {} and {}, the baseline is {}",
                sizes(&volume, &facts),
                volume.volume_type,
                secrecy(volume.encrypted),
                secrecy(facts.encrypted)
            ))
            .await?;
            return Ok(Likeness { outcome: Outcome::NoBlocks, blocks, different: 0 });
        }
        let (mut different, mut from) = (0, Some(0));
        while let Some(at) = from {
            let range = BlockRange { first: baseline.clone(), second: second.clone(), from: at };
            let compared = step.read(&range).await?;
            different += compared.different;
            from = compared.next;
            if from.is_some_and(|next| next <= at) {
                return Err(StepError::Failed(format!(
                    "the blocks of `{baseline}` and `{second}` cannot be compared: after block {at} EBS returns one before it"
                )));
            }
        }
        let outcome = if different == 0 { Outcome::Same } else { Outcome::Damaged };
        Ok(Likeness { outcome, blocks, different })
    }
}

fn secrecy(encrypted: bool) -> &'static str {
    if encrypted { "encrypted" } else { "not encrypted" }
}

fn sizes(volume: &VolumeFacts, snapshot: &SnapshotFacts) -> String {
    let was = snapshot.gib.map_or_else(|| "an unknown size".into(), |gib| format!("{gib} GiB"));
    format!("volume `{}` has {} GiB, the baseline was of {was}", volume.volume, volume.gib)
}

/// # Errors
/// [`StepError::Failed`] when it is neither an id nor an ARN of a snapshot.
fn snapshot_id(text: &str) -> Result<String, StepError> {
    let id = text.rsplit_once("snapshot/").map_or(text, |(_, id)| id);
    if id.starts_with("snap-") && !id.contains(['/', ':']) {
        return Ok(id.into());
    }
    Err(StepError::Failed(format!(
        "`{text}` is neither a snapshot id nor the ARN of an EBS recovery point, such as `arn:aws:ec2:eu-central-1::snapshot/snap-0123456789abcdef0`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_is_an_id_or_a_recovery_point() {
        for text in ["snap-1", "arn:aws:ec2:eu-central-1::snapshot/snap-1"] {
            assert_eq!(snapshot_id(text).expect("a snapshot"), "snap-1");
        }
        for text in ["vol-1", "arn:aws:dynamodb:eu-central-1:1:table/t/backup/1", ""] {
            assert!(snapshot_id(text).is_err(), "{text}");
        }
    }
}
