//! Share a snapshot with another account, so that evidence does not stay in the contained one alone.
//!
//! Whoever took over the account may delete what is in it. The other account copies the snapshot, and only
//! that copy is out of reach: sharing by itself keeps it readable, not safe. A snapshot under `aws/ebs`
//! cannot be shared; copy it under a customer key first (`ec2.copy-snapshot` with `kms-key`), and give
//! the other account the use of that key. Release keeps the share, as it keeps the evidence.
//!
//! ```yaml
//! share:
//!   uses: ec2.share-snapshot
//!   owner: forensics
//!   with:
//!     snapshot: ${{ steps.copy.snapshot }}
//!     account: "444455556666"
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html>

use crate::{
    actions::kit::*,
    aws::ec2::SnapshotShare,
    playbook::types::{AccountId, SnapshotId},
};

/// Inputs of `ec2.share-snapshot`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShareSnapshot {
    /// The snapshot to share, in the run's Region.
    pub snapshot: SnapshotId,
    /// Id of the account that may use it.
    pub account: AccountId,
}

impl Action for ShareSnapshot {
    const SPEC: Spec = spec! {
        "ec2.share-snapshot": "Share a snapshot with another account";
        Preserve;
        uses [setting SnapshotShare];
        effects [Shares];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        if self.account.as_str() == step.world().scope().account {
            return Err(StepError::Refused(format!(
                "`{}` is the account that the snapshot is in; name the one that keeps evidence",
                self.account
            )));
        }
        let share = SnapshotShare {
            snapshot: self.snapshot.to_string(),
            account: self.account.to_string(),
        };
        step.set(share, true).await?;
        Ok(Nothing {})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        actions::testing::plan,
        aws::replay::{Replay, aws},
        engine::{How, plan::PlanState},
    };

    #[tokio::test]
    async fn a_snapshot_that_the_run_takes_is_planned_and_the_own_account_refused() {
        let inputs = |account: &str| json!({ "snapshot": "(known after run)", "account": account });
        let replay = Replay::default();
        let planned = plan(aws(&replay), "ec2.share-snapshot", inputs("444455556666")).await;
        assert_eq!(planned.changes[0].release, How::Retained, "{planned:#?}");
        let own = plan(aws(&replay), "ec2.share-snapshot", inputs("123456789012")).await;
        assert!(matches!(own.state, PlanState::Refused(_)), "{own:#?}");
    }
}
