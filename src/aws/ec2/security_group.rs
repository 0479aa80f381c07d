//! A security group that a step builds as scaffolding: absent, or present with exactly its rules.
//! Found by name and VPC and recognised as ours by the tags of its creating call, since
//! CreateSecurityGroup takes no client token.
//!
//! A new group gets egress to 0.0.0.0/0, and to ::/0 in a VPC with IPv6; both are revoked unless
//! wanted. <https://docs.aws.amazon.com/vpc/latest/userguide/creating-security-groups.html>

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_ec2::types;
use tokio::time::{Instant, sleep};

use super::{NetworkRule, permissions::*};
use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG},
};

/// How long EC2 may take to know a group everywhere, or to forget that it was in use.
const SETTLES: Duration = Duration::from_secs(45);

setting! {
    #[derive(PartialEq, Eq)]
    pub struct SecurityGroup {
        pub vpc: String,
        /// At most 255 characters of `a-z A-Z 0-9 . _ - : / ( ) # , @ [ ] + = & ; { } ! $ *` and space.
        pub name: String,
        pub description: String,
        pub run: String,
        pub step: String,
    }
    // `None`: there is no such group.
    "ec2.security-group" = Option<Group>, target "{vpc}/{name}";
    reads [DESCRIBE_SECURITY_GROUPS];
    writes [
        CREATE_SECURITY_GROUP, CREATE_SECURITY_GROUP.at(VPCS), CREATE_TAGS.at(SECURITY_GROUPS),
        AUTHORIZE_SECURITY_GROUP_INGRESS, AUTHORIZE_SECURITY_GROUP_EGRESS,
        REVOKE_SECURITY_GROUP_INGRESS, REVOKE_SECURITY_GROUP_EGRESS, DELETE_SECURITY_GROUP,
    ];
    // Where tags are denied, it is made without them: an attacker must not hold up a containment so.
    spares [CREATE_TAGS.at(SECURITY_GROUPS)];
    releases [DELETE_SECURITY_GROUP];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Group {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub ingress: BTreeSet<NetworkRule>,
    pub egress: BTreeSet<NetworkRule>,
}

impl Group {
    /// Nothing in, nothing out.
    pub fn closed() -> Self {
        Self { id: None, ingress: BTreeSet::new(), egress: BTreeSet::new() }
    }

    /// Everything in and out, IPv4 and IPv6, so that flows become untracked.
    pub fn open() -> Self {
        let all = NetworkRule::wide_open();
        Self { id: None, ingress: all.clone(), egress: all }
    }
}

impl SecurityGroup {
    /// The group's id, or what stands for it in a plan: another text for each group, so that a
    /// change from one to the other is seen.
    pub fn id_of(&self, group: Option<&Group>) -> String {
        let known = group.and_then(|group| group.id.clone());
        known.unwrap_or_else(|| AFTER_RUN.replace(')', &format!(": {})", self.name)))
    }

    async fn find(&self, aws: &Aws) -> Result<Option<types::SecurityGroup>, CallError> {
        let filter =
            |name: &str, value: &str| types::Filter::builder().name(name).values(value).build();
        let call = aws
            .ec2()
            .describe_security_groups()
            .filters(filter("vpc-id", &self.vpc))
            .filters(filter("group-name", &self.name.replace('*', "\\*")));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_SECURITY_GROUPS, page).all().await?;
        let mut found = pages.into_iter().flat_map(|page| page.security_groups.unwrap_or_default());
        let found = found.find(|group| group.group_name() == Some(&self.name));
        match found {
            Some(group) if !self.is_ours(&group) => Err(DESCRIBE_SECURITY_GROUPS.invalid(format!(
                    "security group `{}` in `{}` has the name `{}` but not the tag `{RUN_TAG}` of this run; rename or delete it, then try again",
                    group.group_id().unwrap_or_default(),
                    self.vpc,
                    self.name
                ),
            )),
            found => Ok(found),
        }
    }

    /// By the tag of its creating call; or, where tags are denied, by name and description, which no
    /// other run's group has.
    fn is_ours(&self, group: &types::SecurityGroup) -> bool {
        let run = group.tags().iter().find(|tag| tag.key() == Some(RUN_TAG));
        match run {
            Some(tag) => tag.value() == Some(&self.run),
            None => self.name.contains(&self.run) && group.description() == Some(&self.description),
        }
    }

    /// Creates the group and waits until EC2 knows it. Another attempt may have made it already.
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let tag = |key: &str, value: &str| types::Tag::builder().key(key).value(value).build();
        let tags = types::TagSpecification::builder()
            .resource_type(types::ResourceType::SecurityGroup)
            .tags(tag(RUN_TAG, &self.run))
            .tags(tag(STEP_TAG, &self.step))
            .tags(tag("Name", &self.name))
            .build();
        let call = aws
            .ec2()
            .create_security_group()
            .vpc_id(&self.vpc)
            .group_name(&self.name)
            .description(&self.description);
        let made = call.clone().tag_specifications(tags).send().await.by(CREATE_SECURITY_GROUP);
        let made = match made {
            // A denial of tags alone must not keep a containment from its groups.
            Err(e) if e.class == Class::Denied => {
                call.send().await.by(CREATE_SECURITY_GROUP).map_err(|_| e)
            }
            made => made,
        };
        settled(made.map(drop), Class::AlreadySo)?;
        let started = Instant::now();
        while self.find(aws).await?.is_none() {
            if started.elapsed() > SETTLES {
                let text = format!("security group `{}` was created but cannot be read", self.name);
                return Err(CallError::local(
                    DESCRIBE_SECURITY_GROUPS.action,
                    Class::Unknown,
                    text,
                ));
            }
            sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Makes the rules of one direction exactly `want`.
    async fn converge(
        &self,
        aws: &Aws,
        id: &str,
        egress: bool,
        have: &[types::IpPermission],
        want: &BTreeSet<NetworkRule>,
    ) -> Result<(), CallError> {
        let has = NetworkRule::all(have);
        let extra =
            have.iter().flat_map(NetworkRule::split).filter(|(rule, _)| !want.contains(rule));
        for (_, permission) in extra {
            let call = if egress {
                let call = aws.ec2().revoke_security_group_egress().group_id(id);
                let call = call.ip_permissions(permission).send().await.map(drop);
                call.by(REVOKE_SECURITY_GROUP_EGRESS)
            } else {
                let call = aws.ec2().revoke_security_group_ingress().group_id(id);
                let call = call.ip_permissions(permission).send().await.map(drop);
                call.by(REVOKE_SECURITY_GROUP_INGRESS)
            };
            // "No such group" is of the same class and must not pass for "no such rule".
            match call {
                Err(e) if e.code.as_deref() != Some("InvalidPermission.NotFound") => return Err(e),
                _ => {}
            }
        }
        for rule in want.difference(&has) {
            let permission = rule.permission().ok_or_else(|| {
                let text = format!("rule `{rule}` has no range of addresses as its peer");
                CallError::local(Self::KIND, Class::Invalid, text)
            })?;
            let call = if egress {
                let call = aws.ec2().authorize_security_group_egress().group_id(id);
                let call = call.ip_permissions(permission).send().await.map(drop);
                call.by(AUTHORIZE_SECURITY_GROUP_EGRESS)
            } else {
                let call = aws.ec2().authorize_security_group_ingress().group_id(id);
                let call = call.ip_permissions(permission).send().await.map(drop);
                call.by(AUTHORIZE_SECURITY_GROUP_INGRESS)
            };
            settled(call, Class::AlreadySo)?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let started = Instant::now();
        loop {
            let Some(id) = self.find(aws).await?.and_then(|group| group.group_id) else {
                return Ok(());
            };
            let call = aws.ec2().delete_security_group().group_id(id).send().await;
            match call.by(DELETE_SECURITY_GROUP).done_if_gone() {
                // An interface that has just left the group still counts for some seconds.
                Err(e)
                    if e.code.as_deref() == Some("DependencyViolation")
                        && started.elapsed() < SETTLES =>
                {
                    sleep(Duration::from_secs(2)).await;
                }
                other => return other,
            }
        }
    }
}

impl Fact<Aws> for SecurityGroup {
    async fn read(&self, aws: &Aws) -> Result<Option<Group>, CallError> {
        Ok(self.find(aws).await?.map(|group| Group {
            ingress: NetworkRule::all(group.ip_permissions()),
            egress: NetworkRule::all(group.ip_permissions_egress()),
            id: group.group_id,
        }))
    }
}

impl Setting<Aws> for SecurityGroup {
    async fn write(&self, aws: &Aws, value: &Option<Group>) -> Result<(), CallError> {
        let Some(want) = value else { return self.delete(aws).await };
        let mut found = self.find(aws).await?;
        let created = found.is_none();
        if created {
            self.create(aws).await?;
            found = self.find(aws).await?;
        }
        let Some(group) = found else {
            let text = format!("security group `{}` vanished while it was built", self.name);
            return Err(CallError::local(DESCRIBE_SECURITY_GROUPS.action, Class::Unknown, text));
        };
        let id = group.group_id.as_deref().unwrap_or_default();
        let mut egress = group.ip_permissions_egress.clone().unwrap_or_default();
        if created {
            // A first read may not show the default rules yet: revoke what it must have.
            let shown = NetworkRule::all(&egress);
            let missing = NetworkRule::wide_open().into_iter().filter(|rule| !shown.contains(rule));
            let missing = missing.filter(|rule| !want.egress.contains(rule));
            egress.extend(missing.filter_map(|rule| rule.permission()));
        }
        self.converge(aws, id, false, group.ip_permissions(), &want.ingress).await?;
        self.converge(aws, id, true, &egress, &want.egress).await
    }

    fn agrees(want: &Option<Group>, have: &Option<Group>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.ingress == have.ingress
                    && want.egress == have.egress
                    && (want.id.is_none() || have.id.is_none() || want.id == have.id)
            }
            _ => false,
        }
    }

    /// Created, with its rules not all there or its default egress not yet revoked.
    fn halfway(before: &Option<Group>, after: &Option<Group>, now: &Option<Group>) -> bool {
        let (None, Some(after), Some(now)) = (before, after, now) else { return false };
        let default = NetworkRule::wide_open();
        now.ingress.is_subset(&after.ingress)
            && now.egress.iter().all(|rule| after.egress.contains(rule) || default.contains(rule))
    }
}

#[cfg(test)]
#[path = "security_group_tests.rs"]
mod tests;
