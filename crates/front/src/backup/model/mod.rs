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
    pub const VAULT: &str = "backup.vault";
    pub const JOB: &str = "backup.job";
    pub const POINT: &str = "backup.point";
    pub const RESTORE: &str = "backup.restore";
    pub const COPY: &str = "backup.copy";
    pub const PLAN: &str = "backup.plan";
    pub const SELECTION: &str = "backup.selection";
    pub const TESTING_PLAN: &str = "backup.testing-plan";
    pub const TESTING_SELECTION: &str = "backup.testing-selection";
    pub const TAGS: &str = "backup.tags";
    pub const TOKEN: &str = "backup.token";
    pub const SETTINGS: &str = "backup.settings";
}

/// Texts by name, in order.
pub(super) type Texts = indexmap::IndexMap<String, String>;

pub(super) fn maybe_time(at: Option<jiff::Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}
