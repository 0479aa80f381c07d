//! Whether another account may use a snapshot (`createVolumePermission`). A snapshot under `aws/ebs`
//! cannot be shared, and of one under a customer key the other account needs the key too.
//!
//! <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html>

use aws_sdk_ec2::types::{OperationType, SnapshotAttributeName};

use super::{
    permissions::*,
    things::{ACCOUNT, SNAPSHOT},
};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct SnapshotShare {
        pub snapshot: String,
        /// Id of the account that it is shared with.
        pub account: String,
    }
    // `true`: shared.
    "ec2.snapshot-share" = bool, target "{snapshot}/{account}";
    reads [DESCRIBE_SNAPSHOT_ATTRIBUTE];
    writes [MODIFY_SNAPSHOT_ATTRIBUTE];
    // The evidence stays with those who look into it.
    release Retained Tags;
    touches [SNAPSHOT(snapshot), ACCOUNT(account)];
}

impl Fact<Aws> for SnapshotShare {
    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws
            .ec2()
            .describe_snapshot_attribute()
            .snapshot_id(&self.snapshot)
            .attribute(SnapshotAttributeName::CreateVolumePermission)
            .send()
            .await
            .by(DESCRIBE_SNAPSHOT_ATTRIBUTE)?;
        let mut all = call.create_volume_permissions.into_iter().flatten();
        Ok(all.any(|permission| permission.user_id() == Some(&self.account)))
    }
}

impl Setting<Aws> for SnapshotShare {
    async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
        let way = if *value { OperationType::Add } else { OperationType::Remove };
        let call = aws
            .ec2()
            .modify_snapshot_attribute()
            .snapshot_id(&self.snapshot)
            .attribute(SnapshotAttributeName::CreateVolumePermission)
            .operation_type(way)
            .user_ids(&self.account)
            .send()
            .await;
        call.by(MODIFY_SNAPSHOT_ATTRIBUTE).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn one_account_is_added_and_taken_away() {
        let shared = "<DescribeSnapshotAttributeResponse><createVolumePermission>\
            <item><userId>444455556666</userId></item></createVolumePermission></DescribeSnapshotAttributeResponse>";
        let ok = "<ModifySnapshotAttributeResponse><return>true</return></ModifySnapshotAttributeResponse>";
        let replay = Replay::default()
            .xml("DescribeSnapshotAttribute", shared)
            .xml("ModifySnapshotAttribute", ok);
        let of =
            |account: &str| SnapshotShare { snapshot: "snap-1".into(), account: account.into() };
        let aws = aws(&replay);
        assert!(of("444455556666").read(&aws).await.expect("an answer"));
        assert!(!of("444455556667").read(&aws).await.expect("an answer"));
        for value in [true, false] {
            of("444455556666").write(&aws, &value).await.expect("an answer");
        }
        let seen = replay.seen();
        let sent: Vec<_> = seen.iter().filter(|one| one.action.starts_with("Modify")).collect();
        assert!(sent[0].body.contains("OperationType=add"), "{}", sent[0].body);
        assert!(sent[1].body.contains("OperationType=remove"), "{}", sent[1].body);
    }
}
