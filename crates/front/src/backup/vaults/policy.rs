//! Access policies of vaults: kept as they are, not enforced.

use serde_json::{Value, json};

use super::{change, named};
use crate::backup::desk::Desk;
use crate::backup::error::{invalid, not_found};
use crate::{AwsError, Call};

pub(in crate::backup) fn put_policy(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let policy = call.text("Policy").unwrap_or_default().to_owned();
    let document: Option<Value> = serde_json::from_str(&policy).ok();
    if document.is_none_or(|document| document.get("Statement").is_none()) {
        return Err(invalid("Invalid policy document"));
    }
    change(desk, call, |vault| vault.policy = Some(policy))?;
    Ok(json!({}))
}

pub(in crate::backup) fn get_policy(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = named(desk, call)?;
    let policy = vault
        .policy
        .clone()
        .ok_or_else(|| not_found("Access policy of backup vault", &vault.name))?;
    Ok(
        json!({ "BackupVaultName": vault.name, "BackupVaultArn": vault.arn(desk.at()), "Policy": policy }),
    )
}

pub(in crate::backup) fn delete_policy(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    change(desk, call, |vault| vault.policy = None)?;
    Ok(json!({}))
}
