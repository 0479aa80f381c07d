//! What the stand-in for AWS Backup remembers. Owns the records and how each is shown; changes nothing.

mod copy;
mod job;
mod lifecycle;
mod plan;
mod point;
mod restore;
mod testing;
mod vault;

pub(super) use copy::{CopyJob, CopyState};
pub(super) use job::{BackupJob, BackupState};
pub(super) use lifecycle::Lifecycle;
pub(super) use plan::{Plan, Selection, Version};
pub(super) use point::{Point, PointStatus};
pub(super) use restore::{RestoreJob, RestoreStatus, Validation};
pub(super) use testing::{TestingPlan, TestingSelection};
pub(super) use vault::{Lock, Notifications, Vault};

use serde_json::Value;

use super::super::wire::time;

/// Kinds of the [`Store`](crate::Store).
pub(super) mod kind {
    pub(crate) const VAULT: &str = "backup.vault";
    pub(crate) const JOB: &str = "backup.job";
    pub(crate) const POINT: &str = "backup.point";
    pub(crate) const RESTORE: &str = "backup.restore";
    pub(crate) const COPY: &str = "backup.copy";
    pub(crate) const PLAN: &str = "backup.plan";
    pub(crate) const SELECTION: &str = "backup.selection";
    pub(crate) const TESTING_PLAN: &str = "backup.testing-plan";
    pub(crate) const TESTING_SELECTION: &str = "backup.testing-selection";
    pub(crate) const TAGS: &str = "backup.tags";
    pub(crate) const TOKEN: &str = "backup.token";
    pub(crate) const SETTINGS: &str = "backup.settings";
}

/// Texts by name, in order.
pub(super) type Texts = indexmap::IndexMap<String, String>;

pub(super) fn maybe_time(at: Option<jiff::Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}
