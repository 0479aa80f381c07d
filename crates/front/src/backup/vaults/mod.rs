//! Backup vaults: made, shown, listed, deleted.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/vaults.html>

mod lock;
mod notifications;
mod policy;

pub(super) use lock::{delete_lock, put_lock};
pub(super) use notifications::{delete_notifications, get_notifications, put_notifications};
pub(super) use policy::{delete_policy, get_policy, put_policy};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{exists, invalid, not_found, refused, too_many};
use super::input::{page, texts, vault_name, wants};
use super::model::{Point, Vault, kind};
use super::{input, tags};
use crate::wire::time;
use crate::{AwsError, Call};

/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html>
const MOST: usize = 100;

/// The vault of an operation on one.
pub(super) fn find(desk: &Desk, name: &str) -> Result<Vault, AwsError> {
    desk.get(kind::VAULT, name).ok_or_else(|| not_found("Backup vault", name))
}

/// The vault that the call names.
fn named(desk: &Desk, call: &Call) -> Result<Vault, AwsError> {
    find(desk, input::required(call, "BackupVaultName")?)
}

pub(super) fn create(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let name = vault_name(input::required(call, "BackupVaultName")?)?;
    let creator = call.text("CreatorRequestId").map(str::to_owned);
    let tags = texts(call.params.get("BackupVaultTags"), "BackupVaultTags")?;
    tags::check(&tags)?;
    if let Some(known) = desk.get::<Vault>(kind::VAULT, name) {
        // The same request again.
        if creator.is_some() && known.creator == creator {
            return Ok(made(desk, &known));
        }
        let message = "Backup vault with the same name already exists";
        return Err(exists(message, &known.arn(desk.at()), known.creator.as_deref()));
    }
    if desk.list::<Vault>(kind::VAULT).len() >= MOST {
        return Err(too_many(format!("an account has at most {MOST} backup vaults in a Region")));
    }
    let key = call.text("EncryptionKeyArn").map(str::to_owned);
    if key.as_ref().is_some_and(|key| !key.starts_with("arn:aws") || !key.contains(":kms:")) {
        return Err(invalid("EncryptionKeyArn must be the ARN of a KMS key"));
    }
    let vault = Vault {
        name: name.to_owned(),
        created: Timestamp::now(),
        creator,
        key,
        policy: None,
        notifications: None,
        lock: None,
    };
    desk.put(kind::VAULT, name, &vault);
    tags::set(desk, &vault.arn(desk.at()), tags);
    Ok(made(desk, &vault))
}

fn made(desk: &Desk, vault: &Vault) -> Value {
    json!({
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn(desk.at()),
        "CreationDate": time(vault.created),
    })
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = named(desk, call)?;
    Ok(vault.view(desk.at(), points(desk, &vault.name)))
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let all = desk.list::<Vault>(kind::VAULT);
    let is_asked = wants(call, "vaultType", "BACKUP_VAULT") && call.flag("shared") != Some(true);
    let views = all.iter().filter(|_| is_asked);
    page(call, "BackupVaultList", views.map(|v| v.view(desk.at(), points(desk, &v.name))).collect())
}

pub(super) fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = named(desk, call)?;
    if points(desk, &vault.name) > 0 {
        return Err(refused("Backup vault cannot be deleted because it contains recovery points"));
    }
    desk.remove(kind::VAULT, &vault.name);
    tags::forget(desk, &vault.arn(desk.at()));
    Ok(json!({}))
}

fn points(desk: &Desk, vault: &str) -> usize {
    desk.list::<Point>(kind::POINT).iter().filter(|point| point.vault == vault).count()
}

/// Changes the vault that the call names.
fn change<R>(desk: &Desk, call: &Call, edit: impl FnOnce(&mut Vault) -> R) -> Result<R, AwsError> {
    let name = input::required(call, "BackupVaultName")?;
    desk.update(kind::VAULT, name, edit).ok_or_else(|| not_found("Backup vault", name))
}
