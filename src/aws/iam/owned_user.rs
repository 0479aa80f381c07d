//! A user that a run makes for itself, with its policies: absent, or there. Owns how it is made, known
//! by the tags of its creating call, and removed with every key, password and policy it has by then.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html>

use std::collections::BTreeMap;

use super::{
    owned_role::PATH,
    permissions::*,
    principal_policies::{Policies, is_ours, tags, user},
};
use crate::aws::{
    kit::*,
    owned::{Made, not_ours},
};

setting! {
    pub struct OwnedUser {
        /// At most 64 characters.
        pub name: String,
        pub run: String,
        pub step: String,
        pub policies: Policies,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the user's ARN.
    "iam.owned-user" = Option<Made>, target "{name}";
    reads [GET_USER, GET_USER_POLICY.at(OWNED_USERS), LIST_ATTACHED_USER_POLICIES];
    writes [
        CREATE_USER, TAG_USER, PUT_USER_POLICY.at(OWNED_USERS), ATTACH_USER_POLICY, DELETE_USER,
        DELETE_USER_POLICY.at(OWNED_USERS), DETACH_USER_POLICY, LIST_USER_POLICIES.at(OWNED_USERS),
        LIST_ATTACHED_USER_POLICIES, LIST_ACCESS_KEYS.at(OWNED_USERS), DELETE_ACCESS_KEY,
        DELETE_LOGIN_PROFILE.at(OWNED_USERS), LIST_GROUPS_FOR_USER, REMOVE_USER_FROM_GROUP,
    ];
    releases [
        DELETE_USER, DELETE_USER_POLICY.at(OWNED_USERS), DETACH_USER_POLICY, LIST_USER_POLICIES.at(OWNED_USERS),
        LIST_ATTACHED_USER_POLICIES, LIST_ACCESS_KEYS.at(OWNED_USERS), DELETE_ACCESS_KEY,
        DELETE_LOGIN_PROFILE.at(OWNED_USERS), LIST_GROUPS_FOR_USER, REMOVE_USER_FROM_GROUP,
    ];
    release Removed Scaffolding;
    makes;
}

/// ARN of a user that `run` made, `None` when there is none of that name.
pub(super) async fn find(aws: &Aws, name: &str, run: &str) -> Result<Option<String>, CallError> {
    let call = aws.iam().get_user().user_name(name).send().await;
    match call.by(GET_USER).absent_if_gone()?.and_then(|found| found.user) {
        Some(user) if !is_ours(user.tags(), run) => {
            Err(not_ours(GET_USER.action, &format!("user `{name}`")))
        }
        found => Ok(found.map(|user| user.arn)),
    }
}

/// Ids of the user's access keys, oldest first.
pub(super) async fn keys(aws: &Aws, name: &str) -> Result<Vec<String>, CallError> {
    let page = |marker| aws.iam().list_access_keys().user_name(name).set_marker(marker).send();
    let pages = Pages::new(LIST_ACCESS_KEYS, page).all().await?;
    let mut found = Vec::new();
    for key in pages.into_iter().flat_map(|page| page.access_key_metadata) {
        let made = key.create_date.map(|date| date.as_nanos());
        found.extend(key.access_key_id.map(|id| (made, id)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

pub(super) async fn delete_key(aws: &Aws, user: &str, key: &str) -> Result<(), CallError> {
    let call = aws.iam().delete_access_key().user_name(user).access_key_id(key).send().await;
    call.by(DELETE_ACCESS_KEY).done_if_gone()
}

impl OwnedUser {
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let call = aws.iam().create_user().user_name(&self.name).path(PATH);
        let call = call.set_tags(Some(tags(&self.tags, &self.run, &self.step))).send().await;
        settled(call.map(drop).by(CREATE_USER), Class::AlreadySo)?;
        let gone = |e: &CallError| e.class == Class::Gone;
        let readable = || async {
            let text = format!("user `{}` was created but cannot be read", self.name);
            let found = find(aws, &self.name, &self.run).await?;
            found.ok_or_else(|| CallError::local(GET_USER.action, Class::Gone, text))
        };
        aws.patiently(gone, readable).await.map(drop)
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let name = &self.name;
        for key in keys(aws, name).await? {
            delete_key(aws, name, &key).await?;
        }
        let call = aws.iam().delete_login_profile().user_name(name).send().await;
        call.by(DELETE_LOGIN_PROFILE).done_if_gone()?;
        user::strip(aws, name).await?;
        let page =
            |marker| aws.iam().list_groups_for_user().user_name(name).set_marker(marker).send();
        let pages = Pages::new(LIST_GROUPS_FOR_USER, page).all().await?;
        for group in pages.into_iter().flat_map(|page| page.groups) {
            let call =
                aws.iam().remove_user_from_group().user_name(name).group_name(group.group_name);
            let call = call.send().await;
            call.by(REMOVE_USER_FROM_GROUP).done_if_gone()?;
        }
        let call = aws.iam().delete_user().user_name(name).send().await.map(drop);
        call.by(DELETE_USER)
    }
}

impl Fact<Aws> for OwnedUser {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let Some(arn) = find(aws, &self.name, &self.run).await? else { return Ok(None) };
        let complete = settled(user::has(aws, &self.name, &self.policies).await, Class::Gone)?;
        Ok(Made::found(arn, complete))
    }
}

impl Setting<Aws> for OwnedUser {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = find(aws, &self.name, &self.run).await?.is_some();
        match value {
            Some(_) => {
                if !there {
                    self.create(aws).await?;
                }
                user::give(aws, &self.name, &self.policies).await
            }
            None if there => self.delete(aws).await.done_if_gone(),
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
