//! Seeds identities: managed policies, roles with instance profiles, users with keys and console access.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;

use super::spec;
use super::tags::{DUTY, LEAKED_KEY, SEED, failed, missing, unless};
use crate::lab::LabError;

const EXISTS: &str = "EntityAlreadyExists";
/// Of the lab's users; nothing real is behind it.
const CONSOLE_PASSWORD: &str = "Lab-only-1-not-a-secret";

pub(super) async fn policy(iam: &Client, spec: &spec::Policy) -> Result<(), LabError> {
    let made =
        iam.create_policy().policy_name(&spec.name).policy_document(spec.document.to_string());
    let made = made.tags(tag(SEED, &spec.name)?).send().await;
    unless(EXISTS, made, format!("policy {}", spec.name)).map(drop)
}

pub(super) async fn role(iam: &Client, spec: &spec::Role, account: &str) -> Result<(), LabError> {
    let step = format!("role {}", spec.name);
    let made = iam
        .create_role()
        .role_name(&spec.name)
        .assume_role_policy_document(spec.trust.to_string())
        .set_tags(Some(tags(&spec.name, &spec.tags)?))
        .send()
        .await;
    unless(EXISTS, made, &step)?;
    for (name, document) in &spec.inline {
        let put = iam
            .put_role_policy()
            .role_name(&spec.name)
            .policy_name(name)
            .policy_document(document.to_string());
        put.send().await.map_err(failed(&step))?;
    }
    for name in &spec.attached {
        let attach = iam.attach_role_policy().role_name(&spec.name).policy_arn(arn(account, name));
        attach.send().await.map_err(failed(&step))?;
    }
    let made = iam.create_instance_profile().instance_profile_name(&spec.profile).send().await;
    unless(EXISTS, made, &step)?;
    // A profile holds one role: a second time is a LimitExceeded.
    let added = iam
        .add_role_to_instance_profile()
        .instance_profile_name(&spec.profile)
        .role_name(&spec.name);
    unless("LimitExceeded", added.send().await, step).map(drop)
}

/// Makes whatever of the user is not there yet.
pub(super) async fn user(iam: &Client, spec: &spec::User, account: &str) -> Result<(), LabError> {
    let step = format!("user {}", spec.name);
    let mut wanted = spec.tags.clone();
    wanted.insert(DUTY.into(), spec.duty.label().into());
    let made = iam
        .create_user()
        .user_name(&spec.name)
        .set_tags(Some(tags(&spec.name, &wanted)?))
        .send()
        .await;
    unless(EXISTS, made, &step)?;
    for (name, document) in &spec.inline {
        let put = iam
            .put_user_policy()
            .user_name(&spec.name)
            .policy_name(name)
            .policy_document(document.to_string());
        put.send().await.map_err(failed(&step))?;
    }
    for name in &spec.attached {
        let attach = iam.attach_user_policy().user_name(&spec.name).policy_arn(arn(account, name));
        attach.send().await.map_err(failed(&step))?;
    }
    if spec.console {
        let profile = iam.create_login_profile().user_name(&spec.name).password(CONSOLE_PASSWORD);
        unless(EXISTS, profile.send().await, &step)?;
    }
    let mut keys = keys(iam, &spec.name).await?;
    for _ in keys.len()..spec.keys {
        // The secret half is dropped here: nothing in the lab needs it.
        let made =
            iam.create_access_key().user_name(&spec.name).send().await.map_err(failed(&step))?;
        keys.push(made.access_key.ok_or_else(|| missing(&step))?.access_key_id);
    }
    if spec.duty == spec::Duty::Compromised && leaked_key(iam, &spec.name).await?.is_none() {
        let first = keys.first().ok_or_else(|| missing(&step))?;
        let mark = iam.tag_user().user_name(&spec.name).tags(tag(LEAKED_KEY, first)?);
        mark.send().await.map_err(failed(step))?;
    }
    Ok(())
}

/// Access key ids of a user, oldest first; none when there is no such user.
pub(super) async fn keys(iam: &Client, user: &str) -> Result<Vec<String>, LabError> {
    let listed = match iam.list_access_keys().user_name(user).send().await {
        Ok(listed) => listed,
        Err(error) => {
            return unless::<(), _, _>("NoSuchEntity", Err(error), "access keys")
                .map(|_| Vec::new());
        }
    };
    let mut keys: Vec<_> = listed
        .access_key_metadata()
        .iter()
        .filter_map(|key| Some((key.create_date().copied(), key.access_key_id()?.to_owned())))
        .collect();
    keys.sort();
    Ok(keys.into_iter().map(|(_, id)| id).collect())
}

/// The key of the user that the attacker has; none when it is not marked or there is no such user.
pub(super) async fn leaked_key(iam: &Client, user: &str) -> Result<Option<String>, LabError> {
    match iam.list_user_tags().user_name(user).send().await {
        Ok(listed) => {
            let mark = listed.tags().iter().find(|tag| tag.key() == LEAKED_KEY);
            Ok(mark.map(|tag| tag.value().to_owned()))
        }
        Err(error) => unless::<(), _, _>("NoSuchEntity", Err(error), "user tags").map(|_| None),
    }
}

fn arn(account: &str, policy: &str) -> String {
    format!("arn:aws:iam::{account}:policy/{policy}")
}

fn tags(name: &str, more: &BTreeMap<String, String>) -> Result<Vec<Tag>, LabError> {
    let own = std::iter::once((SEED, name));
    own.chain(more.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        .map(|(key, value)| tag(key, value))
        .collect()
}

fn tag(key: &str, value: &str) -> Result<Tag, LabError> {
    let built = Tag::builder().key(key).value(value).build();
    built.map_err(|error| LabError::Seed { step: format!("tag {key}"), why: error.to_string() })
}
