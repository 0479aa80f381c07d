//! The policies of a role or user that a run makes: put there, compared, and taken off before it can be
//! deleted. Owns these calls for both kinds of principal.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::{RolePolicy, UserPolicy, permissions::*};
use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG},
    policy_document::same,
};

/// What a principal may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policies {
    /// Inline policies by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, Value>,
    /// ARNs of managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub managed: BTreeSet<String>,
}

/// Tags of the creating call.
pub(super) fn tags(own: &BTreeMap<String, String>, run: &str, step: &str) -> Vec<Tag> {
    let ours = [(RUN_TAG, run), (STEP_TAG, step)];
    let all = own.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain(ours);
    all.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

pub(super) fn is_ours(tags: &[Tag], run: &str) -> bool {
    tags.iter().any(|tag| tag.key() == RUN_TAG && tag.value() == run)
}

macro_rules! policies_of {
    ($(#[$doc:meta])* $module:ident, $by:ident, $inline:ident { $owner:ident },
     $names:ident $may_names:ident, $attached:ident $may_attached:ident,
     $attach:ident $may_attach:ident, $detach:ident $may_detach:ident) => {
        $(#[$doc])*
        pub(super) mod $module {
            use super::*;

            async fn inline(aws: &Aws, name: &str) -> Result<BTreeSet<String>, CallError> {
                let page = |marker| aws.iam().$names().$by(name).set_marker(marker).send();
                let pages = Pages::new($may_names, page).all().await?;
                Ok(pages.into_iter().flat_map(|page| page.policy_names).collect())
            }

            async fn attached(aws: &Aws, name: &str) -> Result<BTreeSet<String>, CallError> {
                let page = |marker| aws.iam().$attached().$by(name).set_marker(marker).send();
                let pages = Pages::new($may_attached, page).all().await?;
                let all = pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
                Ok(all.filter_map(|policy| policy.policy_arn).collect())
            }

            fn policy(name: &str, policy: &str) -> $inline {
                $inline { $owner: name.into(), policy: policy.into() }
            }

            /// Whether all of `want` is there.
            pub(crate) async fn has(aws: &Aws, name: &str, want: &Policies) -> Result<bool, CallError> {
                for (key, document) in &want.inline {
                    let have = policy(name, key).read(aws).await?;
                    if !have.is_some_and(|have| same(&have, document)) {
                        return Ok(false);
                    }
                }
                if want.managed.is_empty() {
                    return Ok(true);
                }
                Ok(want.managed.is_subset(&attached(aws, name).await?))
            }

            /// Puts all of `want` there.
            pub(crate) async fn give(aws: &Aws, name: &str, want: &Policies) -> Result<(), CallError> {
                for (key, document) in &want.inline {
                    let have = policy(name, key).read(aws).await?;
                    if !have.is_some_and(|have| same(&have, document)) {
                        policy(name, key).write(aws, &Some(document.clone())).await?;
                    }
                }
                for arn in &want.managed {
                    let call = aws.iam().$attach().$by(name).policy_arn(arn).send().await;
                    call.by($may_attach)?;
                }
                Ok(())
            }

            /// Takes every policy off, whoever put it there.
            pub(crate) async fn strip(aws: &Aws, name: &str) -> Result<(), CallError> {
                for key in inline(aws, name).await? {
                    policy(name, &key).write(aws, &None).await?;
                }
                for arn in attached(aws, name).await? {
                    let call = aws.iam().$detach().$by(name).policy_arn(arn).send().await;
                    call.by($may_detach).done_if_gone()?;
                }
                Ok(())
            }
        }
    };
}

policies_of!(
    /// Policies of a role.
    role, role_name, RolePolicy { role },
    list_role_policies LIST_ROLE_POLICIES,
    list_attached_role_policies LIST_ATTACHED_ROLE_POLICIES,
    attach_role_policy ATTACH_ROLE_POLICY, detach_role_policy DETACH_ROLE_POLICY
);
policies_of!(
    /// Policies of a user.
    user, user_name, UserPolicy { user },
    list_user_policies LIST_USER_POLICIES,
    list_attached_user_policies LIST_ATTACHED_USER_POLICIES,
    attach_user_policy ATTACH_USER_POLICY, detach_user_policy DETACH_USER_POLICY
);
