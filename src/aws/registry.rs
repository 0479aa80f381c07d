//! Every kind of setting, so that release and recovery can make one again from the journal. A kind
//! that is missing here could be changed but never given back: a test holds the list complete.

use crate::engine::Registry;

use super::{
    Aws,
    settings::{
        cloudtrail::{Logging, Trail},
        cloudwatch::Alarm,
        dynamodb::{Items, Table},
        ec2::{
            AddressAssociation, DeleteOnTermination, EniGroups, InstanceProfile, InstanceState,
            SecurityGroup, ShutdownBehavior, Tag, TerminationProtection,
        },
        guardduty::Detector,
        iam::{
            AccessKey, AccessKeyStatus, LoginProfile, OwnedRole, OwnedUser, RolePolicy,
            TrustPolicy, UserPolicy,
        },
        s3::{Bucket, BucketPolicy, Overwritten, PublicAccessBlock, Versioning},
    },
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
        .with::<InstanceProfile>()
        .with::<InstanceState>()
        .with::<Items>()
        .with::<Logging>()
        .with::<LoginProfile>()
        .with::<OwnedRole>()
        .with::<OwnedUser>()
        .with::<Overwritten>()
        .with::<PublicAccessBlock>()
        .with::<RolePolicy>()
        .with::<SecurityGroup>()
        .with::<ShutdownBehavior>()
        .with::<Table>()
        .with::<Tag>()
        .with::<TerminationProtection>()
        .with::<Trail>()
        .with::<TrustPolicy>()
        .with::<UserPolicy>()
        .with::<Versioning>()
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
}
