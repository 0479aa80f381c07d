//! The stand-ins that the lab's front has. A new one is one line here.

use super::{
    Builder, Options, alarms, backup, fis, guardduty, interfaces, s3, snapshot_locks, ssm,
};

/// A front with every stand-in that `options` do not switch off.
pub fn full(options: Options) -> Builder {
    Builder::new(options)
        .with(alarms::Alarms::new(false))
        .with(backup::Backup)
        .with(fis::Fis::default())
        .with(guardduty::GuardDuty)
        .with(interfaces::Interfaces)
        .with(s3::S3)
        .with(snapshot_locks::SnapshotLocks)
        .with(ssm::Ssm)
}
