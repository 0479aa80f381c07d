//! Every policy of a user or a role that IAM keeps: inline, attached, of the groups, and the permissions boundary. Owns
//! these reads; what they allow is the evaluator's business.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{AttachedPermissionsBoundary, Tag};
use serde_json::Value;

use super::permissions::*;
use crate::aws::{kit::*, policy_document::decode};

/// Whose policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum GrantsTo {
    /// A user by its name.
    User(String),
    /// A role by its name.
    Role(String),
}

fact! {
    /// The policies of a user or a role. `Class::Gone` when there is none of that name.
    pub struct Grants {
        pub of: GrantsTo,
    }
    "iam.grants" = GrantsAre, target "{}" of |it| it.name();
    reads [
        GET_GROUP_POLICY, GET_POLICY, GET_POLICY_VERSION, GET_ROLE, GET_ROLE_POLICY, GET_USER, GET_USER_POLICY,
        LIST_ATTACHED_GROUP_POLICIES, LIST_ATTACHED_ROLE_POLICIES.at(ROLES), LIST_ATTACHED_USER_POLICIES.at(USERS),
        LIST_GROUPS_FOR_USER.at(USERS), LIST_GROUP_POLICIES, LIST_ROLE_POLICIES, LIST_USER_POLICIES,
    ];
}

/// What IAM keeps for a principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GrantsAre {
    pub arn: String,
    /// `AIDA...` or `AROA...`
    pub id: String,
    /// By name: `NAME` of an inline policy, `group GROUP: NAME` of one of a group, the ARN of a managed one.
    pub policies: BTreeMap<String, Value>,
    /// ARN and document.
    pub boundary: Option<(String, Value)>,
    pub tags: BTreeMap<String, String>,
    /// Of a role.
    pub trust: Option<Value>,
}

impl Grants {
    fn name(&self) -> &str {
        let (GrantsTo::User(name) | GrantsTo::Role(name)) = &self.of;
        name
    }
}

impl Fact<Aws> for Grants {
    async fn read(&self, aws: &Aws) -> Result<GrantsAre, CallError> {
        match &self.of {
            GrantsTo::User(name) => of_user(aws, name).await,
            GrantsTo::Role(name) => of_role(aws, name).await,
        }
    }
}

async fn of_user(aws: &Aws, name: &str) -> Result<GrantsAre, CallError> {
    let iam = aws.iam();
    let user = iam.get_user().user_name(name).send().await.by(GET_USER)?.user;
    let user =
        user.ok_or_else(|| CallError::local(GET_USER.action, Class::Unknown, "returns no user"))?;
    let mut are = GrantsAre {
        tags: tags(user.tags()),
        arn: user.arn,
        id: user.user_id,
        ..GrantsAre::default()
    };
    let mut managed = BTreeSet::new();
    let call = iam.list_user_policies().user_name(name);
    let page = |marker| call.clone().set_marker(marker).send();
    let pages = Pages::new(LIST_USER_POLICIES, page).all().await?;
    for policy in pages.into_iter().flat_map(|page| page.policy_names) {
        let call = iam.get_user_policy().user_name(name).policy_name(&policy).send().await;
        let text = call.by(GET_USER_POLICY)?.policy_document;
        are.policies.insert(policy, decode(GET_USER_POLICY.action, &text)?);
    }
    let call = iam.list_attached_user_policies().user_name(name);
    let page = |marker| call.clone().set_marker(marker).send();
    let pages = Pages::new(LIST_ATTACHED_USER_POLICIES, page).all().await?;
    let attached = pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
    managed.extend(attached.filter_map(|policy| policy.policy_arn));
    let call = iam.list_groups_for_user().user_name(name);
    let page = |marker| call.clone().set_marker(marker).send();
    let pages = Pages::new(LIST_GROUPS_FOR_USER, page).all().await?;
    for group in pages.into_iter().flat_map(|page| page.groups) {
        let group = group.group_name;
        let call = iam.list_group_policies().group_name(&group);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_GROUP_POLICIES, page).all().await?;
        for policy in pages.into_iter().flat_map(|page| page.policy_names) {
            let call = iam.get_group_policy().group_name(&group).policy_name(&policy).send().await;
            let text = call.by(GET_GROUP_POLICY)?.policy_document;
            are.policies.insert(
                format!("group {group}: {policy}"),
                decode(GET_GROUP_POLICY.action, &text)?,
            );
        }
        let call = iam.list_attached_group_policies().group_name(&group);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_ATTACHED_GROUP_POLICIES, page).all().await?;
        let attached =
            pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
        managed.extend(attached.filter_map(|policy| policy.policy_arn));
    }
    finish(aws, are, managed, user.permissions_boundary).await
}

async fn of_role(aws: &Aws, name: &str) -> Result<GrantsAre, CallError> {
    let iam = aws.iam();
    let role = iam.get_role().role_name(name).send().await.by(GET_ROLE)?.role;
    let role =
        role.ok_or_else(|| CallError::local(GET_ROLE.action, Class::Unknown, "returns no role"))?;
    let trust =
        role.assume_role_policy_document().map(|text| decode(GET_ROLE.action, text)).transpose()?;
    let mut are = GrantsAre {
        tags: tags(role.tags()),
        arn: role.arn,
        id: role.role_id,
        trust,
        ..GrantsAre::default()
    };
    let mut managed = BTreeSet::new();
    let call = iam.list_role_policies().role_name(name);
    let page = |marker| call.clone().set_marker(marker).send();
    let pages = Pages::new(LIST_ROLE_POLICIES, page).all().await?;
    for policy in pages.into_iter().flat_map(|page| page.policy_names) {
        let call = iam.get_role_policy().role_name(name).policy_name(&policy).send().await;
        let text = call.by(GET_ROLE_POLICY)?.policy_document;
        are.policies.insert(policy, decode(GET_ROLE_POLICY.action, &text)?);
    }
    let call = iam.list_attached_role_policies().role_name(name);
    let page = |marker| call.clone().set_marker(marker).send();
    let pages = Pages::new(LIST_ATTACHED_ROLE_POLICIES, page).all().await?;
    let attached = pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
    managed.extend(attached.filter_map(|policy| policy.policy_arn));
    finish(aws, are, managed, role.permissions_boundary).await
}

async fn finish(
    aws: &Aws,
    mut are: GrantsAre,
    managed: BTreeSet<String>,
    boundary: Option<AttachedPermissionsBoundary>,
) -> Result<GrantsAre, CallError> {
    for arn in managed {
        let document = managed_policy(aws, &arn).await?;
        are.policies.insert(arn, document);
    }
    if let Some(arn) = boundary.and_then(|boundary| boundary.permissions_boundary_arn) {
        let document = managed_policy(aws, &arn).await?;
        are.boundary = Some((arn, document));
    }
    Ok(are)
}

/// The document of the default version, which is the one in force.
async fn managed_policy(aws: &Aws, arn: &str) -> Result<Value, CallError> {
    let none = |what: &str| {
        CallError::local(GET_POLICY.action, Class::Unknown, format!("`{arn}` comes without {what}"))
    };
    let policy = aws.iam().get_policy().policy_arn(arn).send().await.by(GET_POLICY)?.policy;
    let version =
        policy.and_then(|policy| policy.default_version_id).ok_or_else(|| none("a version"))?;
    let call = aws.iam().get_policy_version().policy_arn(arn).version_id(version).send().await;
    let text = call.by(GET_POLICY_VERSION)?.policy_version.and_then(|version| version.document);
    decode(GET_POLICY_VERSION.action, &text.ok_or_else(|| none("a document"))?)
}

fn tags(from: &[Tag]) -> BTreeMap<String, String> {
    from.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
