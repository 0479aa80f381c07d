//! Take snapshots of all EBS volumes of an instance at one point in time.
//!
//! The set is crash-consistent across volumes and the instance keeps running. Waits until every
//! snapshot is complete. What is in the instance's memory and on instance-store disks is not in
//! them. Snapshots carry the tags of their volumes and of the run; release keeps them as evidence.
//!
//! Snapshots of volumes under the key `aws/ebs` cannot be shared with another account: copy them
//! under a customer key with `ec2.copy-snapshot`.

use super::alive;
use crate::{
    actions::kit::*,
    aws::ec2::{CreateSnapshots, Instance},
    playbook::types::InstanceId,
};

/// Inputs of `ec2.snapshot-volumes`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotVolumes {
    /// The instance whose volumes are kept.
    pub instance: InstanceId,
    /// Description of each snapshot, at most 255 characters; names the run, step and instance when
    /// left out.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub description: Option<String>,
}

/// Both lists have the same order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotsTaken {
    /// Ids of the snapshots.
    pub snapshots: Vec<String>,
    /// Ids of the volumes that they were taken of.
    pub volumes: Vec<String>,
}

impl Action for SnapshotVolumes {
    const SPEC: Spec = spec! {
        "ec2.snapshot-volumes": "Take snapshots of all volumes of an instance at one point in time";
        Preserve;
        uses [fact Instance, operation CreateSnapshots];
        effects [KeepsDisks, TakesSnapshots];
    };
    type Output = SnapshotsTaken;

    async fn run(&self, step: &Step<Aws>) -> Result<SnapshotsTaken, StepError> {
        let facts = step.read(&Instance::of(&self.instance)).await?;
        alive(&facts)?;
        let volumes: Vec<_> = facts.volumes.into_iter().map(|volume| volume.volume).collect();
        if volumes.is_empty() {
            return Err(StepError::Refused(format!(
                "instance `{}` has no EBS volume; data on instance-store disks can only be copied from inside",
                self.instance
            )));
        }
        let description = self
            .description
            .clone()
            .unwrap_or_else(|| format!("backburn {} {} {}", step.run(), step.id(), self.instance));
        let taken = step
            .start(CreateSnapshots {
                instance: self.instance.to_string(),
                description: description.chars().take(255).collect(),
                volumes: volumes.clone(),
            })
            .await?;
        let (of, snapshots): (Vec<_>, Vec<_>) =
            taken.snapshots.into_iter().map(|taken| (taken.volume, taken.snapshot)).unzip();
        if let Some(missing) = volumes.iter().find(|volume| !of.contains(volume)) {
            return Err(StepError::Failed(format!(
                "volume `{missing}` has no snapshot: it was detached from `{}` before the set was taken; snapshot it by itself",
                self.instance
            )));
        }
        Ok(SnapshotsTaken { snapshots, volumes: of })
    }
}
