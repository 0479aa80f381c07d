//! What one AWS service says of itself: its settings and operations, whether it is the same in all
//! Regions, and error codes of its own. Owns the shape and the list; each service's folder has its entry.

use super::{
    Aws,
    account::{Account, Rival},
};
use crate::engine::{Class, Registry};

/// One service, as the rest of the program needs it.
pub struct Service {
    /// What stands before the dot of its kinds: `ec2` of `ec2.eni-groups`.
    pub name: &'static str,
    /// What it has is the same in all Regions.
    pub global: bool,
    /// Error codes that mean something else here than in other services: what stands after the last
    /// dot of a code, and its class.
    pub codes: &'static [(&'static str, Class)],
    /// Code and HTTP status with which it says that a call is not allowed.
    pub denial: (&'static str, u16),
    /// Adds its settings and operations.
    pub register: fn(Registry<Aws>) -> Registry<Aws>,
    /// How its part of an account is read, for the crash matrix; without it, a playbook that uses
    /// one of its kinds is refused there.
    pub account: Option<Account>,
    /// What someone else writes to its settings, for the drift matrix.
    pub rival: Option<Rival>,
}

impl Service {
    /// A service of one Region each that speaks JSON, without codes of its own.
    pub const fn new(name: &'static str, register: fn(Registry<Aws>) -> Registry<Aws>) -> Self {
        Self {
            name,
            global: false,
            codes: &[],
            denial: ("AccessDeniedException", 400),
            register,
            account: None,
            rival: None,
        }
    }
}

/// Every service that has settings or operations.
pub const ALL: &[Service] = &[
    super::backup::SERVICE,
    super::cloudtrail::SERVICE,
    super::cloudwatch::SERVICE,
    super::detection::SERVICE,
    super::dynamodb::SERVICE,
    super::ec2::SERVICE,
    super::events::SERVICE,
    super::fis::SERVICE,
    super::guardduty::SERVICE,
    super::iam::SERVICE,
    super::lambda::SERVICE,
    super::s3::SERVICE,
    super::sqs::SERVICE,
    super::ssm::SERVICE,
];

/// The service of a kind (`ec2.eni-groups`) or a permission (`ec2:CreateTags`).
pub fn of(name: &str) -> Option<&'static Service> {
    let name = name.split(['.', ':']).next()?;
    ALL.iter().find(|service| service.name == name)
}

/// How a service says that a call is not allowed; those without an entry here (STS, SNS) speak XML.
pub fn denial(service: &str) -> (&'static str, u16) {
    of(service).map_or(("AccessDenied", 403), |service| service.denial)
}

/// Every setting and operation, so that release and recovery can make one again from the journal.
pub fn registry() -> Registry<Aws> {
    ALL.iter().fold(Registry::default(), |registry, service| (service.register)(registry))
}

/// Whether what a kind of setting changes is the same in all Regions.
pub fn is_global(kind: &str) -> bool {
    of(kind).is_some_and(|service| service.global)
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
