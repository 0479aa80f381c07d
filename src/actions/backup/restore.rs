//! Restore a recovery point as something new beside the original, and wait until AWS reports it complete.
//!
//! The metadata that the recovery point was saved with is used, changed so that nothing is restored
//! over the original: a new volume in the same zone (in the Region's first where the recovery point
//! names none), a table or bucket or database under a name of the
//! drill's own, an instance without termination protection and with version 2 of the metadata service
//! only. `metadata` goes over all of it; an instance that is given another `SubnetId` leaves the groups
//! and interfaces of its old network behind.
//!
//! COMPLETED is no proof: compare the content, for a volume with `ec2.compare-volume`.
//!
//! ```yaml
//! - id: restore
//!   uses: backup.restore
//!   with:
//!     recovery-point: ${{ steps.baseline.recovery-point }}
//!     vault: ${{ steps.vault.vault }}
//!     role: arn:aws:iam::111122223333:role/service-role/AWSBackupDefaultServiceRole
//!     metadata: { availabilityZone: eu-central-1b }
//! ```
//!
//! Release keeps what was restored. The release of a drill deletes it, and only it: a volume, an
//! instance with its volumes, a table, or a bucket with all versions in it. A database instance stays
//! and is named. A bucket that was there before is never deleted.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-a-backup.html>

use std::collections::BTreeMap;

use super::{metadata, own_name};
use crate::{
    actions::kit::*,
    aws::{
        backup::{Restore as Job, RestoreMetadata},
        ec2::Zones,
    },
    playbook::types::{Arn, is_placeholder},
};

/// The longest name of a bucket and of a database.
const LONGEST: usize = 63;

/// Inputs of `backup.restore`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Restore {
    /// ARN of the recovery point.
    #[schemars(length(min = 1))]
    pub recovery_point: String,
    /// Name of the vault that holds it.
    #[schemars(length(min = 1))]
    pub vault: String,
    /// ARN of the role that AWS Backup assumes.
    pub role: Arn,
    /// Restore metadata that goes over what the recovery point was saved with.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Name of the restored table, bucket or database; names the run when left out.
    #[serde(default)]
    #[schemars(length(min = 3, max = 63))]
    pub name: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Restored {
    /// Id of the restore job.
    pub job: String,
    /// ARN of what was made.
    pub resource: String,
    /// Its id or name: the end of the ARN.
    pub resource_id: String,
    /// When the job completed, as RFC 3339.
    pub completed: String,
}

impl Action for Restore {
    const SPEC: Spec = spec! {
        "backup.restore": "Restore a recovery point as something new";
        Recover;
        uses [fact RestoreMetadata, fact Zones, operation Job];
    };
    type Output = Restored;

    async fn run(&self, step: &Step<Aws>) -> Result<Restored, StepError> {
        let metadata = match step.planning()
            && (is_placeholder(&self.recovery_point) || is_placeholder(&self.vault))
        {
            // What it was saved with is known when it was saved.
            true => self.metadata.clone(),
            false => self.metadata(step).await?,
        };
        let job = Job {
            recovery_point: self.recovery_point.clone(),
            role: self.role.to_string(),
            metadata,
        };
        let done = step.start(job).await?;
        Ok(Restored {
            resource_id: id_of(&done.resource),
            job: done.job,
            resource: done.resource,
            completed: done.completed,
        })
    }
}

impl Restore {
    async fn metadata(&self, step: &Step<Aws>) -> Result<BTreeMap<String, String>, StepError> {
        let point = RestoreMetadata {
            vault: self.vault.clone(),
            recovery_point: self.recovery_point.clone(),
        };
        let facts = step.read(&point).await?;
        if facts.resource_type == "RDS" {
            step.note(
                "a restored database instance costs until somebody deletes it: no release does",
            )
            .await?;
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => own_name(step.run(), step.id(), LONGEST),
        };
        let mut given = self.metadata.clone();
        if !metadata::has_zone(&facts.resource_type, &facts.metadata, &given) {
            let zones = step.read(&Zones::of(step.world())).await?;
            if let Some(zone) = zones.into_iter().next() {
                step.note(format!(
                    "the recovery point does not say in which zone its volume was: it is restored into `{zone}`"
                ))
                .await?;
                given.insert("availabilityZone".into(), zone);
            }
        }
        metadata::of(&facts.resource_type, &facts.metadata, &name, &given)
            .map_err(StepError::Refused)
    }
}

/// The last part of an ARN, or the placeholder that stands for it.
fn id_of(arn: &str) -> String {
    if is_placeholder(arn) {
        return arn.into();
    }
    arn.rsplit([':', '/']).next().unwrap_or(arn).into()
}

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn an_id_is_the_end_of_an_arn() {
        assert_eq!(id_of("arn:aws:ec2:eu-west-1:123456789012:volume/vol-1"), "vol-1");
        assert_eq!(id_of("arn:aws:s3:::photos"), "photos");
        assert_eq!(id_of("arn:aws:rds:eu-west-1:123456789012:db:orders"), "orders");
        assert_eq!(id_of("(known after run: step `a`)"), "(known after run: step `a`)");
    }
}
