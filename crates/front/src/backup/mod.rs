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

use super::{Answer, Call, Front, Route, StandIn};

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
            "roles and vault policies are not enforced, and recovery points are not deleted when their retention ends",
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
