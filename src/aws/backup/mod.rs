//! AWS Backup: vaults, backups and restores of a step, the verdict on a restore test, and what a recovery
//! point needs to be restored. Owns how each is read, written, started once, followed and taken away.

mod back_up;
mod discard;
mod permissions;
mod restore;
mod restore_metadata;
mod restore_test;
mod restore_validation;
pub(crate) mod things;
mod vault;

pub use back_up::{BackUp, Saved};
pub use restore::{Restore, Restored};
pub use restore_metadata::{PointFacts, RestoreMetadata};
pub use restore_test::{RestoreTest, TestFacts};
pub use restore_validation::{RestoreValidation, Validation};
pub use vault::{HeldVault, Vault};

client!(backup, aws_sdk_backup);

pub(super) const SERVICE: Service = Service::new("backup", register);

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<RestoreValidation>()
        .with::<Vault>()
        .with_operation::<BackUp>()
        .with_operation::<Restore>()
}

use std::{future::Future, time::Duration};

use tokio::time::sleep;

use crate::{
    aws::{client::client, kit::*, service::Service},
    engine::Registry,
};

/// Attempts, two seconds apart, for a new role to become known to AWS Backup.
const ROLE_SETTLES: u32 = 15;

/// When the run of a token began, by the time in its id, with room for clocks that differ.
fn begun(token: &Token) -> Option<aws_sdk_backup::primitives::DateTime> {
    let made = ulid::Ulid::from_string(&token.run).ok()?.timestamp_ms();
    let seconds = i64::try_from(made / 1000).ok()?.saturating_sub(300);
    Some(aws_sdk_backup::primitives::DateTime::from_secs(seconds))
}

/// Repeats a start that is refused because a role made a moment ago cannot be assumed yet.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
async fn with_new_role<S>(mut start: impl FnMut() -> S) -> Result<String, CallError>
where
    S: Future<Output = Result<String, CallError>> + Send,
{
    for _ in 0..ROLE_SETTLES {
        match start().await {
            Err(e) if e.class == Class::Invalid && e.message.contains("ssume") => {
                sleep(Duration::from_secs(2)).await;
            }
            other => return other,
        }
    }
    start().await
}

/// `12.5` or `12.50%`, as jobs tell it.
fn percent(text: Option<&str>) -> Option<u8> {
    let number: f64 = text?.trim().trim_end_matches('%').parse().ok()?;
    Some(number.clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_forms_of_progress_are_read() {
        let percent = |text| super::percent(Some(text));
        assert_eq!((percent("12.5"), percent("99.90%"), percent("")), (Some(12), Some(99), None));
    }
}
