//! A backup vault that a step makes: absent, or present. Taking it away deletes the recovery points
//! that are left in it first: all of them are the run's, since the vault is.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html>

use std::collections::{BTreeMap, HashMap};

use futures::future::join_all;
use tokio::time::Instant;

use super::{permissions::*, points};
use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG},
};

/// Recovery points that are deleted side by side.
const AT_ONCE: usize = 10;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Vault {
        /// 2 to 50 of `a-z A-Z 0-9 - _`.
        pub name: String,
        pub run: String,
        pub step: String,
        /// Further tags.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub tags: BTreeMap<String, String>,
    }
    // `None`: there is no such vault.
    "backup.vault" = Option<HeldVault>, target "{name}";
    reads [LIST_BACKUP_VAULTS, LIST_TAGS];
    writes [
        CREATE_BACKUP_VAULT, TAG_RESOURCE.at(BACKUP_VAULTS), MOUNT_CAPSULE, CREATE_GRANT,
        DESCRIBE_KEY, GENERATE_DATA_KEY, DECRYPT, RETIRE_GRANT,
        LIST_RECOVERY_POINTS_BY_BACKUP_VAULT, DELETE_RECOVERY_POINT, DESCRIBE_RECOVERY_POINT,
        DELETE_BACKUP_VAULT,
    ];
    releases [
        LIST_RECOVERY_POINTS_BY_BACKUP_VAULT, DELETE_RECOVERY_POINT, DESCRIBE_RECOVERY_POINT,
        DELETE_BACKUP_VAULT,
    ];
    release Removed Stores;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldVault {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

impl HeldVault {
    /// The ARN, or what stands for it in a plan.
    pub fn arn_or_open(vault: Option<&Self>) -> String {
        vault.and_then(|vault| vault.arn.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl Vault {
    /// ARN of the vault. DescribeBackupVault answers "access denied" where there is none, so it is
    /// looked for in the list.
    async fn find(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let page = |token| aws.backup().list_backup_vaults().set_next_token(token).send();
        let pages = Pages::new(LIST_BACKUP_VAULTS, page).all().await?;
        let mut all = pages.into_iter().flat_map(|page| page.backup_vault_list.unwrap_or_default());
        let found = all.find(|one| one.backup_vault_name() == Some(&self.name));
        let Some(arn) = found.and_then(|found| found.backup_vault_arn) else { return Ok(None) };
        let page = |token| aws.backup().list_tags().resource_arn(&arn).set_next_token(token).send();
        let tags = Pages::new(LIST_TAGS, page).all().await?;
        if tags.iter().filter_map(|page| page.tags()?.get(RUN_TAG)).any(|run| *run == self.run) {
            return Ok(Some(arn));
        }
        Err(LIST_BACKUP_VAULTS.invalid(format!(
            "vault `{}` exists but does not have the tag `{RUN_TAG}` of this run; give another `name`",
            self.name
        )))
    }

    async fn points(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let call = aws.backup().list_recovery_points_by_backup_vault();
        let call = call.backup_vault_name(&self.name);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_RECOVERY_POINTS_BY_BACKUP_VAULT, page).all().await?;
        let all = pages.into_iter().flat_map(|page| page.recovery_points.unwrap_or_default());
        Ok(all.filter_map(|point| point.recovery_point_arn).collect())
    }

    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let own = [(RUN_TAG, &self.run), (STEP_TAG, &self.step)];
        let own = own.map(|(key, value)| (key.to_owned(), value.clone()));
        let tags: HashMap<_, _> = self.tags.clone().into_iter().chain(own).collect();
        let call = aws
            .backup()
            .create_backup_vault()
            .backup_vault_name(&self.name)
            .creator_request_id(&self.name)
            .set_backup_vault_tags(Some(tags))
            .send()
            .await
            .map(drop);
        // By an earlier attempt: whose it is was asked before.
        settled(call.by(CREATE_BACKUP_VAULT), Class::AlreadySo)
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let started = Instant::now();
        loop {
            let points = self.points(aws).await?;
            if points.is_empty() {
                let call = aws.backup().delete_backup_vault().backup_vault_name(&self.name);
                let call = call.send().await;
                return call.by(DELETE_BACKUP_VAULT).done_if_gone();
            }
            if started.elapsed() > points::DELETES {
                let text = format!(
                    "vault `{}` still gets recovery points, {} now, after those that it held were deleted",
                    self.name,
                    points.len()
                );
                return Err(CallError::local(
                    LIST_RECOVERY_POINTS_BY_BACKUP_VAULT.action,
                    Class::Unknown,
                    text,
                ));
            }
            for some in points.chunks(AT_ONCE) {
                let deleting = some.iter().map(|point| points::delete(aws, &self.name, point));
                join_all(deleting).await.into_iter().collect::<Result<(), _>>()?;
            }
        }
    }
}

impl Fact<Aws> for Vault {
    async fn read(&self, aws: &Aws) -> Result<Option<HeldVault>, CallError> {
        Ok(self.find(aws).await?.map(|arn| HeldVault { arn: Some(arn) }))
    }
}

impl Setting<Aws> for Vault {
    async fn write(&self, aws: &Aws, value: &Option<HeldVault>) -> Result<(), CallError> {
        match (value, self.find(aws).await?) {
            (Some(_), Some(_)) | (None, None) => Ok(()),
            (Some(_), None) => self.create(aws).await,
            (None, Some(_)) => self.delete(aws).await,
        }
    }

    fn agrees(want: &Option<HeldVault>, have: &Option<HeldVault>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.arn.is_none() || have.arn.is_none() || want.arn == have.arn
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn setting() -> Vault {
        Vault {
            name: "backburn-RUN".into(),
            run: "RUN".into(),
            step: "vault".into(),
            tags: BTreeMap::new(),
        }
    }

    const ARN: &str = "arn:aws:backup:us-east-1:123456789012:backup-vault:backburn-RUN";

    fn there(run: &str) -> Replay {
        Replay::default()
            .answer(
                "GET /backup-vaults",
                200,
                &format!(
                    r#"{{"BackupVaultList":[{{"BackupVaultName":"backburn-RUN","BackupVaultArn":"{ARN}"}}]}}"#
                ),
            )
            .answer(
                "GET /tags/arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Abackup-vault%3Abackburn-RUN",
                200,
                &format!(r#"{{"Tags":{{"backburn:run":"{run}"}}}}"#),
            )
    }

    /// AWS Backup deletes what the vault holds as the role that made it.
    #[test]
    fn it_goes_before_the_roles_of_the_run() {
        use crate::{aws::iam::OwnedRole, engine::SettingHead};
        assert!(Vault::RULE.order < OwnedRole::RULE.order);
    }

    #[tokio::test]
    async fn somebody_elses_vault_is_left_alone() {
        let error = setting().write(&aws(&there("OTHER")), &None).await.expect_err("a refusal");
        assert_eq!(error.class, Class::Invalid);
        assert!(error.message.contains("give another `name`"), "{error}");
    }

    #[tokio::test]
    async fn what_is_left_in_it_goes_first() {
        let point = "arn:aws:ec2:us-east-1::snapshot/snap-1";
        let delete = "DELETE /backup-vaults/backburn-RUN/recovery-points/arn%3Aaws%3Aec2%3Aus-east-1%3A%3Asnapshot%2Fsnap-1";
        let look = &delete.replace("DELETE", "GET");
        let points = "GET /backup-vaults/backburn-RUN/recovery-points";
        let replay = there("RUN")
            .answer(
                points,
                200,
                &format!(r#"{{"RecoveryPoints":[{{"RecoveryPointArn":"{point}"}}]}}"#),
            )
            .answer(points, 200, r#"{"RecoveryPoints":[]}"#)
            .answer(delete, 200, "{}")
            .headed(look, 400, "{}", &[("x-amzn-errortype", "ResourceNotFoundException")])
            .answer("DELETE /backup-vaults/backburn-RUN", 200, "{}");
        let aws = aws(&replay).with_patience(crate::engine::Patience {
            poll: std::time::Duration::from_millis(1),
            ..Default::default()
        });
        setting().write(&aws, &None).await.expect("gone");
        let calls = replay.actions();
        assert_eq!(
            calls[2..],
            [points, delete, look, points, "DELETE /backup-vaults/backburn-RUN"]
        );
    }
}
