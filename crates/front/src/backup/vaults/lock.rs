//! Vault Lock: put, changed, taken off; and refused once it is final.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html>. The days until a
//! lock is final pass as fast as the lab's clock.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{change, named};
use crate::backup::desk::Desk;
use crate::backup::error::{invalid, refused};
use crate::backup::model::{Lock, Vault};
use crate::{AwsError, Call, Clock};

const FINAL: &str = "Backup vault is locked: the lock configuration cannot be changed or deleted after the lock date";

pub(in crate::backup) fn put_lock(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let number = |name: &str| call.number(name);
    let lock = read(
        (number("MinRetentionDays"), number("MaxRetentionDays"), number("ChangeableForDays")),
        desk.clock(),
        Timestamp::now(),
    )?;
    change(desk, call, |vault| set(vault, Some(lock)))??;
    Ok(json!({}))
}

pub(in crate::backup) fn delete_lock(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    if named(desk, call)?.lock.is_none() {
        return Ok(json!({}));
    }
    change(desk, call, |vault| set(vault, None))??;
    Ok(json!({}))
}

fn set(vault: &mut Vault, lock: Option<Lock>) -> Result<(), AwsError> {
    if vault.lock.as_ref().is_some_and(|lock| lock.is_final(Timestamp::now())) {
        return Err(refused(FINAL));
    }
    vault.lock = lock;
    Ok(())
}

fn read(
    (min, max, changeable): (Option<i64>, Option<i64>, Option<i64>),
    clock: Clock,
    now: Timestamp,
) -> Result<Lock, AwsError> {
    for (name, days, least) in [
        ("MinRetentionDays", min, 1),
        ("MaxRetentionDays", max, 1),
        ("ChangeableForDays", changeable, 3),
    ] {
        if days.is_some_and(|days| !(least..=36_500).contains(&days)) {
            return Err(invalid(format!("{name} must be from {least} to 36500 days")));
        }
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Err(invalid("MinRetentionDays must not be longer than MaxRetentionDays"));
    }
    let wait = changeable.and_then(|days| u64::try_from(days).ok());
    let wait = wait.map(|days| clock.shorten(Duration::from_secs(days * 24 * 3600)));
    Ok(Lock { min, max, date: wait.and_then(|wait| now.checked_add(wait).ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_aws() {
        let (clock, now) = (Clock::default(), Timestamp::UNIX_EPOCH);
        for bad in [
            (Some(0), None, None),
            (None, Some(36_501), None),
            (None, None, Some(2)),
            (Some(8), Some(7), None),
        ] {
            assert!(read(bad, clock, now).is_err(), "{bad:?}");
        }
        let lock = read((Some(7), None, Some(3)), clock, now).expect("a lock");
        assert_eq!(lock.date.expect("a date").as_second(), 3 * 86_400);
        assert_eq!(read((Some(7), Some(7), None), clock, now).expect("a lock").date, None);
    }

    #[test]
    fn the_clock_brings_the_date_nearer() {
        let clock: Clock = "86400x".parse().expect("a factor");
        let lock = read((None, None, Some(3)), clock, Timestamp::UNIX_EPOCH).expect("a lock");
        assert_eq!(lock.date.expect("a date").as_second(), 3);
    }
}
