//! The newest recovery point of one resource in a vault that a backup has completed. Owns that read.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRecoveryPointsByBackupVault.html>

use aws_sdk_backup::types::RecoveryPointStatus;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct LatestPoint {
        /// Name of the vault.
        pub vault: String,
        /// ARN of what was backed up.
        pub resource: String,
        /// Id of the backup plan that made it; of any, or of none, when left out.
        pub plan: Option<String>,
    }
    // `None`: there is none that has completed.
    "backup.latest-point" = Option<LatestPointIs>, target "{vault} {resource}";
    reads [LIST_RECOVERY_POINTS_BY_BACKUP_VAULT];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LatestPointIs {
    /// ARN.
    pub recovery_point: String,
    /// RFC 3339: when its backup began, so that later writes are not in it.
    pub created: String,
    /// Id of the plan that made it; none for one that was made on demand.
    pub plan: Option<String>,
    /// `EBS`, `DynamoDB` and so on.
    pub resource_type: String,
}

impl Fact<Aws> for LatestPoint {
    async fn read(&self, aws: &Aws) -> Result<Option<LatestPointIs>, CallError> {
        let call = aws
            .backup()
            .list_recovery_points_by_backup_vault()
            .backup_vault_name(&self.vault)
            .by_resource_arn(&self.resource)
            .set_by_backup_plan_id(self.plan.clone());
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_RECOVERY_POINTS_BY_BACKUP_VAULT, page).all().await?;
        let points = pages.into_iter().flat_map(|page| page.recovery_points.unwrap_or_default());
        let plan_of = |created_by: Option<aws_sdk_backup::types::RecoveryPointCreator>| {
            created_by.and_then(|by| by.backup_plan_id)
        };
        let found = points.filter_map(|point| {
            // The creation is when the point was there; what was written since the start may not be in it.
            let at = point.initiation_date.or(point.creation_date)?;
            let plan = plan_of(point.created_by);
            // Asked for above, and looked at again: a point of another plan would be a false answer.
            let fits = point.resource_arn.as_deref() == Some(&self.resource)
                && (self.plan.is_none() || plan == self.plan);
            let complete = point.status == Some(RecoveryPointStatus::Completed);
            (fits && complete).then(|| {
                let is = LatestPointIs {
                    recovery_point: point.recovery_point_arn.unwrap_or_default(),
                    created: at.to_string(),
                    plan,
                    resource_type: point.resource_type.unwrap_or_default(),
                };
                ((at.secs(), at.subsec_nanos()), is)
            })
        });
        Ok(found.max_by_key(|(at, _)| *at).map(|(_, is)| is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn the_newest_that_completed_counts_and_only_of_the_plan() {
        let point = |id: &str, at: u64, status: &str, plan: &str| {
            format!(
                r#"{{"RecoveryPointArn":"{id}","ResourceArn":"arn:r","CreationDate":{at},"Status":"{status}","CreatedBy":{{"BackupPlanId":"{plan}"}}}}"#
            )
        };
        let page = format!(
            r#"{{"RecoveryPoints":[{},{},{},{}]}}"#,
            point("old", 1795500000, "COMPLETED", "p"),
            point("new", 1795500100, "COMPLETED", "p"),
            point("half", 1795500200, "PARTIAL", "p"),
            point("other", 1795500300, "COMPLETED", "q"),
        );
        let replay = Replay::default().answer("GET /backup-vaults/v/recovery-points", 200, &page);
        let of = |plan: Option<&str>| LatestPoint {
            vault: "v".into(),
            resource: "arn:r".into(),
            plan: plan.map(str::to_owned),
        };
        let found = of(Some("p")).read(&aws(&replay)).await.expect("a read").expect("a point");
        assert_eq!(
            (found.recovery_point.as_str(), found.created.as_str()),
            ("new", "2026-11-24T06:01:40Z")
        );
        assert!(replay.seen()[0].uri.contains("backupPlanId=p"), "{}", replay.seen()[0].uri);
        let none = of(Some("z")).read(&aws(&replay)).await.expect("a read");
        assert_eq!(none, None);
    }
}
