//! How much of its quota the inline policies of a user or role take. Owns that sum.

use super::{RolePolicy, UserPolicy, permissions::*};
use crate::aws::{
    kit::*,
    policy_document::{ROLE_LIMIT, USER_LIMIT, size},
};

fact! {
    /// Characters, without white space, of all inline policies together, other than the one named
    /// `except`.
    pub struct InlineSize {
        pub owner: Owner,
        pub except: String,
    }
    "iam.inline-size" = usize, target "{}" of |it| it.owner.path();
    reads [Self::OF_ROLE[0], Self::OF_ROLE[1], Self::OF_USER[0], Self::OF_USER[1]];
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    User(String),
    Role(String),
}

impl Owner {
    /// Such as `role/worker`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::User(name) => format!("user/{name}"),
            Self::Role(name) => format!("role/{name}"),
        }
    }

    pub fn limit(&self) -> usize {
        match self {
            Self::User(_) => USER_LIMIT,
            Self::Role(_) => ROLE_LIMIT,
        }
    }
}

impl InlineSize {
    pub const OF_ROLE: &'static [Permission] = &[GET_ROLE_POLICY, LIST_ROLE_POLICIES];
    pub const OF_USER: &'static [Permission] = &[GET_USER_POLICY, LIST_USER_POLICIES];
}

impl Fact<Aws> for InlineSize {
    async fn read(&self, aws: &Aws) -> Result<usize, CallError> {
        let mut total = 0;
        match &self.owner {
            Owner::User(user) => {
                let call = aws.iam().list_user_policies().user_name(user);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new(LIST_USER_POLICIES, page).all().await?;
                for policy in pages.into_iter().flat_map(|page| page.policy_names) {
                    if policy != self.except {
                        let policy = UserPolicy { user: user.clone(), policy };
                        total += policy.read(aws).await?.as_ref().map_or(0, size);
                    }
                }
            }
            Owner::Role(role) => {
                let call = aws.iam().list_role_policies().role_name(role);
                let page = |marker| call.clone().set_marker(marker).send();
                let pages = Pages::new(LIST_ROLE_POLICIES, page).all().await?;
                for policy in pages.into_iter().flat_map(|page| page.policy_names) {
                    if policy != self.except {
                        let policy = RolePolicy { role: role.clone(), policy };
                        total += policy.read(aws).await?.as_ref().map_or(0, size);
                    }
                }
            }
        }
        Ok(total)
    }
}
