//! Every kind of setting and operation, so that release and recovery can make one again from the
//! journal. A kind that is missing here could be changed or started but never given back or
//! discarded: tests hold the lists complete.

use crate::engine::Registry;

use super::Aws;
use crate::aws::{
    backup::{BackUp, Restore, RestoreValidation, Vault},
    cloudtrail::{Logging, Trail},
    cloudwatch::Alarm,
    detection::Detection,
    dynamodb::{Items, Table},
    ec2::{
        AddressAssociation, AwaitState, CopySnapshot, CreateImage, CreateSnapshot, CreateSnapshots,
        DeleteOnTermination, EniGroups, InstanceProfile, InstanceState, LaunchedInstance,
        SecurityGroup, ShutdownBehavior, SnapshotShare, Subnet, Tag, TerminationProtection, Vpc,
    },
    events::EventRule,
    fis::{AwaitEffect, AwaitExperiment, Experiment, ExperimentTemplate},
    guardduty::{CreateSampleFindings, Detector},
    iam::{
        AccessKey, AccessKeyStatus, LoginProfile, OwnedRole, OwnedUser, RolePolicy, TrustPolicy,
        UserPolicy,
    },
    s3::{Bucket, BucketPolicy, Overwritten, PublicAccessBlock, Versioning},
    sqs::Queue,
    ssm::SendCommand,
};

pub fn registry() -> Registry<Aws> {
    Registry::default()
        .with::<AccessKey>()
        .with::<AccessKeyStatus>()
        .with::<AddressAssociation>()
        .with::<Alarm>()
        .with::<Bucket>()
        .with::<BucketPolicy>()
        .with::<DeleteOnTermination>()
        .with::<Detector>()
        .with::<EniGroups>()
        .with::<EventRule>()
        .with::<Experiment>()
        .with::<ExperimentTemplate>()
        .with::<InstanceProfile>()
        .with::<InstanceState>()
        .with::<Items>()
        .with::<LaunchedInstance>()
        .with::<Logging>()
        .with::<LoginProfile>()
        .with::<Overwritten>()
        .with::<OwnedRole>()
        .with::<OwnedUser>()
        .with::<PublicAccessBlock>()
        .with::<Queue>()
        .with::<RestoreValidation>()
        .with::<RolePolicy>()
        .with::<SecurityGroup>()
        .with::<ShutdownBehavior>()
        .with::<SnapshotShare>()
        .with::<Subnet>()
        .with::<Table>()
        .with::<Tag>()
        .with::<TerminationProtection>()
        .with::<Trail>()
        .with::<TrustPolicy>()
        .with::<UserPolicy>()
        .with::<Vault>()
        .with::<Versioning>()
        .with::<Vpc>()
        .with_operation::<AwaitEffect>()
        .with_operation::<AwaitExperiment>()
        .with_operation::<AwaitState>()
        .with_operation::<BackUp>()
        .with_operation::<CopySnapshot>()
        .with_operation::<CreateImage>()
        .with_operation::<CreateSampleFindings>()
        .with_operation::<CreateSnapshot>()
        .with_operation::<CreateSnapshots>()
        .with_operation::<Detection>()
        .with_operation::<Restore>()
        .with_operation::<SendCommand>()
}

#[cfg(test)]
mod tests {
    use crate::actions::catalogue::ALL;

    #[test]
    fn every_setting_of_every_action_can_be_made_again() {
        let registry = super::registry();
        let settings = ALL
            .iter()
            .flat_map(|entry| entry.spec.access)
            .filter(|access| access.how.is_some())
            .map(|access| access.kind);
        for kind in settings {
            assert!(registry.knows(kind), "`{kind}` is not in the registry");
        }
    }

    #[test]
    fn every_operation_of_every_action_can_be_discarded() {
        let registry = super::registry();
        let operations = ALL
            .iter()
            .flat_map(|entry| entry.spec.access)
            .filter(|access| access.discards.is_some())
            .map(|access| access.kind);
        for kind in operations {
            assert!(registry.knows_operation(kind), "`{kind}` is not in the registry");
        }
    }
}
