//! A user that a run makes for itself, with its policies: absent, or there. Owns how it is made, known
//! by the tags of its creating call, and taken away with every key, password and policy it has by then.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    owned_role::PATH,
    principal_policies::{Policies, is_ours, tags, user},
};
use crate::{
    aws::{
        Aws, call_error,
        owned::{Made, SCAFFOLDING, not_ours},
    },
    engine::{CallError, Class, Fact, Permission, Rule, Setting, on, settled},
};

const READ: &str = "iam:GetUser";
const CREATE: &str = "iam:CreateUser";
const ANY: &str = "arn:aws:iam::{account}:user/*";
const OWN: &str = "arn:aws:iam::{account}:user/backburn/*";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnedUser {
    /// At most 64 characters.
    pub name: String,
    pub run: String,
    pub step: String,
    pub policies: Policies,
    pub tags: BTreeMap<String, String>,
}

/// ARN of a user that `run` made, `None` when there is none of that name.
pub(super) async fn find(aws: &Aws, name: &str, run: &str) -> Result<Option<String>, CallError> {
    let call = aws.iam().get_user().user_name(name).send().await;
    let found = call.map(|found| found.user).map_err(|e| call_error(READ, e));
    match settled(found, Class::Gone)? {
        Some(user) if !is_ours(user.tags(), run) => Err(not_ours(READ, &format!("user `{name}`"))),
        found => Ok(found.map(|user| user.arn)),
    }
}

/// Ids of the user's access keys, oldest first.
pub(super) async fn keys(aws: &Aws, name: &str) -> Result<Vec<String>, CallError> {
    let mut pages = aws.iam().list_access_keys().user_name(name).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(key) = pages.next().await {
        let key = key.map_err(|e| call_error("iam:ListAccessKeys", e))?;
        let made = key.create_date.map(|date| date.as_nanos());
        found.extend(key.access_key_id.map(|id| (made, id)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

pub(super) async fn delete_key(aws: &Aws, user: &str, key: &str) -> Result<(), CallError> {
    let call = aws.iam().delete_access_key().user_name(user).access_key_id(key).send().await;
    settled(call.map(drop).map_err(|e| call_error("iam:DeleteAccessKey", e)), Class::Gone)
}

impl OwnedUser {
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let call = aws.iam().create_user().user_name(&self.name).path(PATH);
        let call = call.set_tags(Some(tags(&self.tags, &self.run, &self.step))).send().await;
        settled(call.map(drop).map_err(|e| call_error(CREATE, e)), Class::AlreadySo)?;
        let gone = |e: &CallError| e.class == Class::Gone;
        let readable = || async {
            let text = format!("user `{}` was created but cannot be read", self.name);
            let found = find(aws, &self.name, &self.run).await?;
            found.ok_or_else(|| CallError::local(READ, Class::Gone, text))
        };
        aws.patiently(gone, readable).await.map(drop)
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let name = &self.name;
        for key in keys(aws, name).await? {
            delete_key(aws, name, &key).await?;
        }
        let call = aws.iam().delete_login_profile().user_name(name).send().await.map(drop);
        settled(call.map_err(|e| call_error("iam:DeleteLoginProfile", e)), Class::Gone)?;
        user::strip(aws, name).await?;
        let mut groups =
            aws.iam().list_groups_for_user().user_name(name).into_paginator().items().send();
        while let Some(group) = groups.next().await {
            let group = group.map_err(|e| call_error("iam:ListGroupsForUser", e))?.group_name;
            let call = aws.iam().remove_user_from_group().user_name(name).group_name(group);
            let call = call.send().await.map(drop);
            settled(call.map_err(|e| call_error("iam:RemoveUserFromGroup", e)), Class::Gone)?;
        }
        let call = aws.iam().delete_user().user_name(name).send().await.map(drop);
        call.map_err(|e| call_error("iam:DeleteUser", e))
    }
}

impl Fact<Aws> for OwnedUser {
    const KIND: &'static str = "iam.owned-user";
    const READS: &'static [Permission] =
        &[on(READ, ANY), on("iam:GetUserPolicy", OWN), on("iam:ListAttachedUserPolicies", OWN)];
    /// The id is the user's ARN.
    type Value = Option<Made>;

    fn target(&self) -> String {
        self.name.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let Some(arn) = find(aws, &self.name, &self.run).await? else { return Ok(None) };
        let complete = settled(user::has(aws, &self.name, &self.policies).await, Class::Gone)?;
        Ok(Made::found(arn, complete))
    }
}

impl Setting<Aws> for OwnedUser {
    const RULE: Rule = SCAFFOLDING;
    const WRITES: &'static [Permission] = &[
        on(CREATE, OWN),
        on("iam:TagUser", OWN),
        on("iam:PutUserPolicy", OWN),
        on("iam:AttachUserPolicy", OWN),
        on("iam:DeleteUser", OWN),
        on("iam:DeleteUserPolicy", OWN),
        on("iam:DetachUserPolicy", OWN),
        on("iam:ListUserPolicies", OWN),
        on("iam:ListAttachedUserPolicies", OWN),
        on("iam:ListAccessKeys", OWN),
        on("iam:DeleteAccessKey", OWN),
        on("iam:DeleteLoginProfile", OWN),
        on("iam:ListGroupsForUser", OWN),
        on("iam:RemoveUserFromGroup", "arn:aws:iam::{account}:group/*"),
    ];
    const RELEASES: &'static [Permission] = &[
        on("iam:DeleteUser", OWN),
        on("iam:DeleteUserPolicy", OWN),
        on("iam:DetachUserPolicy", OWN),
        on("iam:ListUserPolicies", OWN),
        on("iam:ListAttachedUserPolicies", OWN),
        on("iam:ListAccessKeys", OWN),
        on("iam:DeleteAccessKey", OWN),
        on("iam:DeleteLoginProfile", OWN),
        on("iam:ListGroupsForUser", OWN),
        on("iam:RemoveUserFromGroup", "arn:aws:iam::{account}:group/*"),
    ];

    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = find(aws, &self.name, &self.run).await?.is_some();
        match value {
            Some(_) => {
                if !there {
                    self.create(aws).await?;
                }
                user::give(aws, &self.name, &self.policies).await
            }
            None if there => settled(self.delete(aws).await, Class::Gone),
            None => Ok(()),
        }
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}
