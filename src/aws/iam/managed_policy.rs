//! A customer managed policy that a run makes for itself: absent, or there with its document. Owns how it
//! is made, known by the tags of its creating call, and removed with every version that it has by then.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    owned_role::PATH,
    permissions::*,
    principal_policies::{is_ours, tags},
    things::{ROLE, USER},
};
use crate::aws::{
    kit::*,
    owned::{Made, not_ours},
    policy_document::{decode, same},
};

setting! {
    pub struct ManagedPolicy {
        /// At most 128 characters.
        pub name: String,
        pub run: String,
        pub step: String,
        pub document: Value,
    }
    // The id is the policy's ARN.
    "iam.managed-policy" = Option<Made>, target "{name}";
    reads [GET_POLICY, GET_POLICY_VERSION];
    writes [CREATE_POLICY, TAG_POLICY, DELETE_POLICY, DELETE_POLICY_VERSION, LIST_POLICY_VERSIONS];
    releases [DELETE_POLICY, DELETE_POLICY_VERSION, LIST_POLICY_VERSIONS];
    release Removed Scaffolding;
    makes;
}

/// The ARN that a policy of this name has: it is known before the policy is made.
pub fn arn(aws: &Aws, name: &str) -> String {
    format!("arn:{}:iam::{}:policy{PATH}{name}", aws.partition(), aws.scope().account)
}

/// The document of a policy's default version, with its tags; `None` when there is none.
async fn find(
    aws: &Aws,
    arn: &str,
) -> Result<Option<(Value, Vec<aws_sdk_iam::types::Tag>)>, CallError> {
    let call = aws.iam().get_policy().policy_arn(arn).send().await;
    let found = call.by(GET_POLICY).absent_if_gone()?.and_then(|found| found.policy);
    let Some(policy) = found else { return Ok(None) };
    let version = policy.default_version_id.unwrap_or_default();
    let call = aws.iam().get_policy_version().policy_arn(arn).version_id(version).send().await;
    let found = call.by(GET_POLICY_VERSION).absent_if_gone()?;
    let Some(version) = found.and_then(|found| found.policy_version) else { return Ok(None) };
    let document =
        decode(GET_POLICY_VERSION.action, version.document.as_deref().unwrap_or_default())?;
    Ok(Some((document, policy.tags.unwrap_or_default())))
}

impl ManagedPolicy {
    async fn delete(&self, aws: &Aws, arn: &str) -> Result<(), CallError> {
        let call = aws.iam().list_policy_versions().policy_arn(arn);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_POLICY_VERSIONS, page).all().await?;
        let versions = pages.into_iter().flat_map(|page| page.versions.unwrap_or_default());
        for version in versions.filter(|one| !one.is_default_version) {
            let call = aws.iam().delete_policy_version().policy_arn(arn);
            let call = call.set_version_id(version.version_id).send().await;
            call.by(DELETE_POLICY_VERSION).done_if_gone()?;
        }
        let call = aws.iam().delete_policy().policy_arn(arn).send().await;
        call.by(DELETE_POLICY).done_if_gone()
    }
}

impl Fact<Aws> for ManagedPolicy {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let arn = arn(aws, &self.name);
        match find(aws, &arn).await? {
            None => Ok(None),
            Some((_, tags)) if !is_ours(&tags, &self.run) => {
                Err(not_ours(GET_POLICY.action, &format!("policy `{}`", self.name)))
            }
            Some((document, _)) => Ok(Made::found(arn, same(&document, &self.document))),
        }
    }
}

impl Setting<Aws> for ManagedPolicy {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.read(aws).await?.is_some();
        if value.is_none() {
            return match there {
                true => self.delete(aws, &arn(aws, &self.name)).await.done_if_gone(),
                false => Ok(()),
            };
        }
        let call = aws.iam().create_policy().policy_name(&self.name).path(PATH);
        let call = call.policy_document(self.document.to_string());
        let call = call.description("Made by a backburn run; its release takes it away");
        let call = call.set_tags(Some(tags(&BTreeMap::new(), &self.run, &self.step)));
        settled(call.send().await.map(drop).by(CREATE_POLICY), Class::AlreadySo)
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}

macro_rules! attachment {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $denying:ident, $denying_kind:literal,
     $owner:ident $class:ident $owners:ident, $list:ident $may_list:ident,
     $attach:ident $may_attach:ident, $detach:ident $may_detach:ident, $by:ident) => {
        setting! {
            $(#[$doc])*
            pub struct $name {
                pub $owner: String,
                /// ARN of the policy.
                pub policy: String,
            }
            $kind = bool, target "{}" of |it| format!("{} {}", it.$owner, it.policy);
            reads [$may_list.at($owners)];
            writes [$may_attach.at($owners), $may_detach.at($owners)];
            releases [$may_detach.at($owners)];
            release Restored Credentials;
            touches [$class($owner)];
        }

        impl Fact<Aws> for $name {
            async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
                let call = aws.iam().$list().$by(&self.$owner);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new($may_list, page).all().await?;
                let mut all = pages.iter().flat_map(|page| page.attached_policies());
                Ok(all.any(|one| one.policy_arn() == Some(self.policy.as_str())))
            }
        }

        impl Setting<Aws> for $name {
            async fn write(&self, aws: &Aws, value: &bool) -> Result<(), CallError> {
                if *value {
                    let attach = || async {
                        let call = aws.iam().$attach().$by(&self.$owner).policy_arn(&self.policy);
                        call.send().await.map(drop).by($may_attach)
                    };
                    // A policy that was made just now may not be known everywhere yet.
                    return aws.patiently(|e: &CallError| e.class == Class::Gone, attach).await;
                }
                let call = aws.iam().$detach().$by(&self.$owner).policy_arn(&self.policy);
                call.send().await.by($may_detach).done_if_gone()
            }
        }

        fact! {
            /// The document of a managed policy as far as it holds: `None` where it is not attached.
            pub struct $denying {
                pub $owner: String,
                pub policy: String,
            }
            $denying_kind = Option<Value>, target "{}" of |it| format!("{} {}", it.$owner, it.policy);
            reads [$may_list.at($owners), GET_POLICY, GET_POLICY_VERSION];
        }

        impl Fact<Aws> for $denying {
            async fn read(&self, aws: &Aws) -> Result<Option<Value>, CallError> {
                let Self { $owner, policy } = self.clone();
                match ($name { $owner, policy: policy.clone() }).read(aws).await? {
                    true => Ok(find(aws, &policy).await?.map(|(document, _)| document)),
                    false => Ok(None),
                }
            }
        }
    };
}

attachment!(
    /// Whether a managed policy is attached to a user, by
    /// [`AttachUserPolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html).
    UserAttachment, "iam.user-attachment", UserAttached, "iam.user-attached-document",
    user USER USERS, list_attached_user_policies LIST_ATTACHED_USER_POLICIES,
    attach_user_policy ATTACH_USER_POLICY, detach_user_policy DETACH_USER_POLICY, user_name
);
attachment!(
    /// Whether a managed policy is attached to a role, by
    /// [`AttachRolePolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html).
    RoleAttachment, "iam.role-attachment", RoleAttached, "iam.role-attached-document",
    role ROLE ROLES, list_attached_role_policies LIST_ATTACHED_ROLE_POLICIES,
    attach_role_policy ATTACH_ROLE_POLICY, detach_role_policy DETACH_ROLE_POLICY, role_name
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn policy() -> ManagedPolicy {
        ManagedPolicy {
            name: "backburn-01RUN-1".into(),
            run: "01RUN".into(),
            step: "deny".into(),
            document: json!({ "Version": "2012-10-17", "Statement": [
                { "Sid": "Backburn01RUN", "Effect": "Deny", "Action": "*", "Resource": "*" }] }),
        }
    }

    fn there(run: &str) -> Replay {
        let document = policy().document.to_string().replace('{', "%7B").replace('"', "%22");
        Replay::default()
            .xml("GetPolicy", &format!("<GetPolicyResponse><GetPolicyResult><Policy><PolicyName>n</PolicyName><DefaultVersionId>v2</DefaultVersionId><Tags><member><Key>backburn:run</Key><Value>{run}</Value></member></Tags></Policy></GetPolicyResult></GetPolicyResponse>"))
            .xml("GetPolicyVersion", &format!("<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion><Document>{document}</Document><VersionId>v2</VersionId></PolicyVersion></GetPolicyVersionResult></GetPolicyVersionResponse>"))
    }

    #[tokio::test]
    async fn a_policy_of_someone_else_is_neither_ours_nor_deleted() {
        let replay = there("01OTHER");
        let aws = aws(&replay);
        assert!(policy().read(&aws).await.is_err());
        assert!(policy().write(&aws, &None).await.is_err());
        assert!(!replay.actions().contains(&"DeletePolicy".to_owned()));
    }

    /// Someone may have added versions, and a policy with several cannot be deleted.
    #[tokio::test]
    async fn it_is_deleted_with_its_other_versions() {
        let versions = "<ListPolicyVersionsResponse><ListPolicyVersionsResult><IsTruncated>false</IsTruncated><Versions><member><VersionId>v1</VersionId><IsDefaultVersion>false</IsDefaultVersion></member><member><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion></member></Versions></ListPolicyVersionsResult></ListPolicyVersionsResponse>";
        let replay = there("01RUN")
            .xml("ListPolicyVersions", versions)
            .xml("DeletePolicyVersion", "<DeletePolicyVersionResponse/>")
            .xml("DeletePolicy", "<DeletePolicyResponse/>");
        let aws = aws(&replay);
        assert!(policy().read(&aws).await.expect("ours").is_some_and(|made| made.complete));
        policy().write(&aws, &None).await.expect("deleted");
        let deleted = replay.seen().into_iter().filter(|one| one.action.starts_with("Delete"));
        let deleted: Vec<_> = deleted.map(|one| one.body).collect();
        assert_eq!(deleted.len(), 2, "{deleted:?}");
        assert!(deleted[0].contains("VersionId=v1"), "{deleted:?}");
    }

    #[tokio::test]
    async fn a_document_holds_only_where_it_is_attached() {
        let listed = |arn: &str| {
            format!(
                "<ListAttachedUserPoliciesResponse><ListAttachedUserPoliciesResult><IsTruncated>false</IsTruncated><AttachedPolicies><member><PolicyArn>{arn}</PolicyArn></member></AttachedPolicies></ListAttachedUserPoliciesResult></ListAttachedUserPoliciesResponse>"
            )
        };
        let fact = UserAttached { user: "bob".into(), policy: "arn:aws:iam::1:policy/p".into() };
        for (arn, holds) in [("arn:aws:iam::1:policy/p", true), ("arn:aws:iam::1:policy/q", false)]
        {
            let replay = there("01RUN").xml("ListAttachedUserPolicies", &listed(arn));
            let found = fact.read(&aws(&replay)).await.expect("a read");
            assert_eq!(found.is_some(), holds, "{arn}");
        }
    }
}
