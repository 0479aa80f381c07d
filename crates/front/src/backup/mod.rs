//! AWS Backup over real things of the upstream account: EBS snapshots, EC2 images, DynamoDB backups, DB snapshots and
//! copies of S3 objects, each of them restored for real.
//!
//! ```text
//! routes -> vaults, plans, jobs, points, restores, copies, testing     (answer at once, write the store)
//!                         \-> work -> resource -> upstream             (in the background, step by step)
//!                                 \-> events, notifications
//! ```
//! Owns what AWS Backup would remember. Schedules, permissions and retention dates are kept and shown, not carried out.

mod copies;
mod desk;
mod dispatch;
mod error;
mod input;
mod jobs;
mod model;
mod plans;
mod points;
mod protected;
mod resource;
mod restores;
mod routes;
mod settings;
mod tags;
mod testing;
#[cfg(test)]
mod tests;
mod token;
mod vaults;
mod work;

use super::{Answer, Call, Front, Route, Scope, StandIn};

/// The access policy of a vault, as text; `None` for one without, or where another than the stand-in keeps vaults.
pub(crate) fn vault_policy(front: &Front, at: &Scope, vault: &str) -> Option<String> {
    let known: Option<model::Vault> = front.store().get(at, model::kind::VAULT, vault);
    known.filter(|_| !front.passes("backup"))?.policy
}

/// The name of the vault that holds a recovery point.
pub(crate) fn vault_of(front: &Front, at: &Scope, point: &str) -> Option<String> {
    let all: Vec<model::Point> = front.store().list(at, model::kind::POINT);
    all.into_iter().find(|known| known.arn == point).map(|known| known.vault)
}

/// The stand-in for AWS Backup.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backup;

impl StandIn for Backup {
    fn service(&self) -> &'static str {
        "backup"
    }

    fn operations(&self) -> &'static [&'static str] {
        routes::OPERATIONS
    }

    fn routes(&self) -> &'static [Route] {
        routes::ROUTES
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[
            "Backup jobs make real snapshots, images, DynamoDB backups, DB snapshots and object copies in the upstream, and restores make real resources of them",
            "what an EBS or RDS snapshot holds is the upstream's matter: moto keeps settings, not data; DynamoDB items and S3 objects are restored equal",
            "S3 recovery points lie in the bucket backburn-backup-ACCOUNT-REGION of the upstream account, which others there can see; older object versions and ACLs are left out",
            "schedules of backup plans and restore testing plans are stored and never run; POST /restore-testing/plans/NAME/runs runs a restore testing plan now",
            "roles are not enforced, vault policies only where the front enforces IAM, and recovery points are not deleted when their retention ends",
            "vault locks hold; the days until a lock is final pass as fast as the lab's clock",
            "recovery points are copied within the account only, and DynamoDB ones not at all",
            "logically air-gapped vaults, legal holds, frameworks, reports, indexes and scans are missing",
        ]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        dispatch::answer(call, front).await
    }

    async fn begin(&self, front: &Front) -> Vec<String> {
        work::resume::all(front)
    }
}
