//! How much of its quota the inline policies of a user or role take. Owns that sum.

use serde::Serialize;

use crate::{
    aws::{
        Aws, call_error,
        iam::{RolePolicy, UserPolicy},
        policy_document::{ROLE_LIMIT, USER_LIMIT, size},
    },
    engine::{CallError, Fact, Permission, on},
};

const USER: &str = "arn:aws:iam::{account}:user/*";
const ROLE: &str = "arn:aws:iam::{account}:role/*";

/// Characters, without white space, of all inline policies together, other than the one named
/// `except`.
#[derive(Clone, Debug, Serialize)]
pub struct InlineSize {
    pub owner: Owner,
    pub except: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    User(String),
    Role(String),
}

impl Owner {
    pub fn limit(&self) -> usize {
        match self {
            Self::User(_) => USER_LIMIT,
            Self::Role(_) => ROLE_LIMIT,
        }
    }
}

impl InlineSize {
    pub const OF_ROLE: &'static [Permission] =
        &[on("iam:GetRolePolicy", ROLE), on("iam:ListRolePolicies", ROLE)];
    pub const OF_USER: &'static [Permission] =
        &[on("iam:GetUserPolicy", USER), on("iam:ListUserPolicies", USER)];
}

impl Fact<Aws> for InlineSize {
    const KIND: &'static str = "iam.inline-size";
    const READS: &'static [Permission] =
        &[Self::OF_ROLE[0], Self::OF_ROLE[1], Self::OF_USER[0], Self::OF_USER[1]];
    type Value = usize;

    fn target(&self) -> String {
        match &self.owner {
            Owner::User(name) => format!("user/{name}"),
            Owner::Role(name) => format!("role/{name}"),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<usize, CallError> {
        let mut total = 0;
        match &self.owner {
            Owner::User(user) => {
                let pages = aws.iam().list_user_policies().user_name(user).into_paginator();
                let mut names = pages.items().send();
                while let Some(policy) = names.next().await {
                    let policy = policy.map_err(|e| call_error("iam:ListUserPolicies", e))?;
                    if policy != self.except {
                        let policy = UserPolicy { user: user.clone(), policy };
                        total += policy.read(aws).await?.as_ref().map_or(0, size);
                    }
                }
            }
            Owner::Role(role) => {
                let pages = aws.iam().list_role_policies().role_name(role).into_paginator();
                let mut names = pages.items().send();
                while let Some(policy) = names.next().await {
                    let policy = policy.map_err(|e| call_error("iam:ListRolePolicies", e))?;
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
