//! The managed policies of a user or role, and how many the account allows. Owns these reads.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use aws_sdk_iam::types::SummaryKeyType;

use super::{Owner, permissions::*};
use crate::aws::kit::*;

/// What an account allows that has not asked for more.
const DEFAULT: usize = 10;

fact! {
    /// What is attached to a user or role, and its permissions boundary.
    pub struct Attached {
        pub owner: Owner,
    }
    "iam.attached-policies" = AttachedAre, target "{}" of |it| it.owner.path();
    reads [Self::OF_ROLE[0], Self::OF_ROLE[1], Self::OF_USER[0], Self::OF_USER[1], GET_ACCOUNT_SUMMARY];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttachedAre {
    /// ARNs, sorted.
    pub policies: Vec<String>,
    /// How many may be attached.
    pub quota: usize,
    /// ARN of the permissions boundary. It takes nothing from a deny.
    pub boundary: Option<String>,
}

impl AttachedAre {
    pub fn has_room(&self) -> bool {
        self.policies.len() < self.quota
    }
}

impl Attached {
    pub const OF_ROLE: &'static [Permission] =
        &[LIST_ATTACHED_ROLE_POLICIES.at(ROLES), GET_ROLE, GET_ACCOUNT_SUMMARY];
    pub const OF_USER: &'static [Permission] =
        &[LIST_ATTACHED_USER_POLICIES.at(USERS), GET_USER, GET_ACCOUNT_SUMMARY];
}

impl Fact<Aws> for Attached {
    async fn read(&self, aws: &Aws) -> Result<AttachedAre, CallError> {
        let summary = aws.iam().get_account_summary().send().await.by(GET_ACCOUNT_SUMMARY);
        let summary = match summary {
            Ok(found) => found.summary_map.unwrap_or_default(),
            // Not to know the quota is no reason to hold a deny up: IAM says so itself.
            Err(e) if matches!(e.class, Class::Denied | Class::Missing) => Default::default(),
            Err(e) => return Err(e),
        };
        let (key, listed, boundary) = match &self.owner {
            Owner::User(name) => {
                let call = aws.iam().list_attached_user_policies().user_name(name);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new(LIST_ATTACHED_USER_POLICIES, page).all().await?;
                let all =
                    pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
                let listed: Vec<_> = all.filter_map(|policy| policy.policy_arn).collect();
                let user = aws.iam().get_user().user_name(name).send().await.by(GET_USER)?.user;
                let boundary = user.and_then(|user| user.permissions_boundary);
                (SummaryKeyType::AttachedPoliciesPerUserQuota, listed, boundary)
            }
            Owner::Role(name) => {
                let call = aws.iam().list_attached_role_policies().role_name(name);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new(LIST_ATTACHED_ROLE_POLICIES, page).all().await?;
                let all =
                    pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
                let listed: Vec<_> = all.filter_map(|policy| policy.policy_arn).collect();
                let role = aws.iam().get_role().role_name(name).send().await.by(GET_ROLE)?.role;
                let boundary = role.and_then(|role| role.permissions_boundary);
                (SummaryKeyType::AttachedPoliciesPerRoleQuota, listed, boundary)
            }
        };
        let quota = summary.get(&key).and_then(|quota| usize::try_from(*quota).ok());
        let mut policies = listed;
        policies.sort();
        Ok(AttachedAre {
            policies,
            quota: quota.filter(|quota| *quota > 0).unwrap_or(DEFAULT),
            boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        })
    }
}
