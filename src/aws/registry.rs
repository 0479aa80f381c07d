//! Every kind of setting, so that release and recovery can make one again from the journal. A kind
//! that is missing here could be changed but never given back: a test holds the list complete.

use crate::engine::Registry;

use super::{
    Aws,
    settings::{
        backup::{RestoreValidation, Vault},
        ec2::{
            AddressAssociation, DeleteOnTermination, EniGroups, InstanceProfile, InstanceState,
            LaunchedInstance, SecurityGroup, ShutdownBehavior, Subnet, Tag, TerminationProtection,
            Vpc,
        },
        fis::{Experiment, ExperimentTemplate},
        iam::{AccessKeyStatus, LoginProfile, RolePolicy, TrustPolicy, UserPolicy},
    },
};

pub fn registry() -> Registry<Aws> {
    Registry::default()
        .with::<AccessKeyStatus>()
        .with::<AddressAssociation>()
        .with::<DeleteOnTermination>()
        .with::<EniGroups>()
        .with::<Experiment>()
        .with::<ExperimentTemplate>()
        .with::<InstanceProfile>()
        .with::<InstanceState>()
        .with::<LaunchedInstance>()
        .with::<LoginProfile>()
        .with::<RestoreValidation>()
        .with::<RolePolicy>()
        .with::<SecurityGroup>()
        .with::<ShutdownBehavior>()
        .with::<Subnet>()
        .with::<Tag>()
        .with::<TerminationProtection>()
        .with::<TrustPolicy>()
        .with::<UserPolicy>()
        .with::<Vault>()
        .with::<Vpc>()
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
