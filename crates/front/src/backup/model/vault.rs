//! A backup vault and its lock.
//!
//! Vault Lock: <https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html>. Without a lock date it is in
//! governance mode and can be taken off; from the lock date on it is in compliance mode and cannot.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Lifecycle, maybe_time};
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Vault {
    pub name: String,
    pub created: Timestamp,
    pub creator: Option<String>,
    pub key: Option<String>,
    pub policy: Option<String>,
    pub notifications: Option<Notifications>,
    pub lock: Option<Lock>,
}

/// Topic and events of `PutBackupVaultNotifications`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Notifications {
    pub topic: String,
    pub events: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::backup) struct Lock {
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub date: Option<Timestamp>,
}

impl Lock {
    /// Compliance mode: nobody can change it any more.
    pub(crate) fn is_final(&self, now: Timestamp) -> bool {
        self.date.is_some_and(|date| date <= now)
    }

    /// Why the vault takes no recovery point with this lifecycle, if so.
    pub(crate) fn refuses(&self, lifecycle: Option<&Lifecycle>) -> Option<String> {
        let days = lifecycle.and_then(Lifecycle::retention);
        // Kept for ever is longer than any minimum and any maximum.
        let short = self.min.filter(|min| days.is_some_and(|days| days < *min));
        let long = self.max.filter(|max| days.is_none_or(|days| days > *max));
        let kept = days.map_or("for ever".into(), |days| format!("{days} days"));
        let limit = short.map(|min| format!("at least {min} days"));
        let limit = limit.or_else(|| long.map(|max| format!("at most {max} days")))?;
        Some(format!(
            "Retention settings do not comply with the vault lock: the recovery point is kept {kept}, the vault wants {limit}"
        ))
    }
}

impl Vault {
    pub(crate) fn arn(&self, at: &Scope) -> String {
        at.arn("backup", &format!("backup-vault:{}", self.name))
    }

    pub(crate) fn view(&self, at: &Scope, points: usize) -> Value {
        let lock = self.lock.as_ref();
        let is_own_key = self.key.is_some();
        json!({
            "BackupVaultName": self.name,
            "BackupVaultArn": self.arn(at),
            "VaultType": "BACKUP_VAULT",
            "VaultState": "AVAILABLE",
            "CreationDate": time(self.created),
            "EncryptionKeyArn": self.key.clone().unwrap_or_else(|| at.arn("kms", "alias/aws/backup")),
            "EncryptionKeyType": if is_own_key { "CUSTOMER_MANAGED_KMS_KEY" } else { "AWS_OWNED_KMS_KEY" },
            "CreatorRequestId": self.creator,
            "NumberOfRecoveryPoints": points,
            "Locked": lock.is_some(),
            "MinRetentionDays": lock.and_then(|lock| lock.min),
            "MaxRetentionDays": lock.and_then(|lock| lock.max),
            "LockDate": maybe_time(lock.and_then(|lock| lock.date)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_holds_retention_within_its_bounds() {
        let lock = Lock { min: Some(7), max: Some(30), date: None };
        let days = |days| Lifecycle { delete_after_days: days, ..Lifecycle::default() };
        assert_eq!(lock.refuses(Some(&days(Some(7)))), None);
        assert!(lock.refuses(Some(&days(Some(6)))).expect("refused").contains("at least 7"));
        assert!(lock.refuses(Some(&days(Some(31)))).expect("refused").contains("at most 30"));
        assert!(lock.refuses(None).expect("refused").contains("for ever"));
        assert_eq!(Lock { max: None, ..lock }.refuses(None), None);
    }

    #[test]
    fn a_lock_is_final_from_its_date_on() {
        let date = Timestamp::from_second(100).expect("a time");
        let lock = Lock { date: Some(date), ..Lock::default() };
        assert!(!lock.is_final(Timestamp::from_second(99).expect("a time")));
        assert!(lock.is_final(date));
        assert!(!Lock::default().is_final(date));
    }
}
