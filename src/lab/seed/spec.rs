//! The shape of `localstack/seed.json`: what an account of the lab holds. Data only.

use std::collections::BTreeMap;

use serde::Deserialize;

const SEED: &str = include_str!("../../../localstack/seed.json");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub format: u32,
    pub image: Image,
    pub network: Network,
    pub policies: Vec<Policy>,
    pub roles: Vec<Role>,
    pub instances: Vec<Instance>,
    pub users: Vec<User>,
    pub trail: Trail,
    /// What Systems Manager's commands print; the front's `ssm` reads it.
    #[serde(rename = "commands", default)]
    _commands: serde::de::IgnoredAny,
}

/// Name patterns of public images: the first that the endpoint has wins, else `fallback`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub names: Vec<String>,
    pub fallback: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub name: String,
    pub cidr: String,
    /// All in one zone, so that an instance can have interfaces in several.
    pub subnets: Vec<Subnet>,
    pub groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subnet {
    pub name: String,
    pub cidr: String,
}

/// A security group. Its outbound rule is the one that AWS gives every new group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub name: String,
    pub description: String,
    pub ingress: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub protocol: String,
    pub from: i32,
    pub to: i32,
    /// An IPv4 or IPv6 range, or `group:NAME`.
    pub source: String,
}

/// A customer managed policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub name: String,
    pub document: serde_json::Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub name: String,
    pub profile: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    pub trust: serde_json::Value,
    #[serde(default)]
    pub inline: BTreeMap<String, serde_json::Value>,
    /// Names of [`Policy`] entries.
    #[serde(default)]
    pub attached: Vec<String>,
}

/// What an incident in the lab makes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Duty {
    Compromised,
    /// Looks the same, and no playbook may touch it.
    Neighbour,
}

impl Duty {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Compromised => "compromised",
            Self::Neighbour => "neighbour",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance {
    pub name: String,
    pub duty: Duty,
    #[serde(rename = "type")]
    pub kind: String,
    pub subnet: String,
    pub address: String,
    pub groups: Vec<String>,
    pub profile: Option<String>,
    pub user_data: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Beside the primary one.
    #[serde(default)]
    pub interfaces: Vec<Interface>,
    /// Name of an Elastic IP on the primary interface.
    pub elastic_ip: Option<String>,
    /// Beside the root volume.
    #[serde(default)]
    pub volumes: Vec<Volume>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interface {
    pub name: String,
    pub subnet: String,
    pub address: String,
    pub groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    pub name: String,
    pub device: String,
    pub gib: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub name: String,
    pub duty: Duty,
    pub console: bool,
    /// Active access keys, at most 2. The first of a compromised user is the leaked one.
    pub keys: usize,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub inline: BTreeMap<String, serde_json::Value>,
    /// Names of [`Policy`] entries.
    #[serde(default)]
    pub attached: Vec<String>,
}

/// A trail that does not log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trail {
    pub name: String,
    pub duty: Duty,
    /// What its bucket's name begins with; the account's number follows.
    pub bucket: String,
}

/// The seed that the program carries.
pub(super) fn spec() -> Spec {
    let spec: Spec = serde_json::from_str(SEED).expect("a test reads the embedded seed");
    debug_assert_eq!(spec.format, 1);
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_seed_is_whole() {
        let spec = spec();
        let subnets: Vec<_> = spec.network.subnets.iter().map(|subnet| &subnet.name).collect();
        let groups: Vec<_> = spec.network.groups.iter().map(|group| &group.name).collect();
        let profiles: Vec<_> = spec.roles.iter().map(|role| &role.profile).collect();
        for instance in &spec.instances {
            assert!(subnets.contains(&&instance.subnet), "{}", instance.name);
            assert!(
                instance.groups.iter().all(|group| groups.contains(&group)),
                "{}",
                instance.name
            );
            assert!(
                instance.profile.iter().all(|profile| profiles.contains(&profile)),
                "{}",
                instance.name
            );
            assert!(
                instance.interfaces.iter().all(|interface| subnets.contains(&&interface.subnet))
            );
        }
        let compromised = |duty: Duty| duty == Duty::Compromised;
        assert_eq!(spec.instances.iter().filter(|i| compromised(i.duty)).count(), 1);
        assert_eq!(spec.users.iter().filter(|u| compromised(u.duty)).count(), 1);
        assert!(spec.users.iter().all(|user| user.keys <= 2));
    }
}
