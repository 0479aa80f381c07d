//! The IAM part of an account: users with keys, console access and policies; roles with their trust;
//! instance profiles; customer managed policies.

use aws_sdk_iam::{
    Client,
    types::{PolicyScopeType, Tag},
};
use futures::future::BoxFuture;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::aws::account::{Account, Read, Reads, Unread, unless, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[
        ("iam.access-key", &[]),
        ("iam.access-key-status", &[("users", "keys")]),
        ("iam.login-profile", &[("users", "console")]),
        ("iam.managed-policy", &[("policies", "")]),
        ("iam.owned-instance-profile", &[]),
        ("iam.owned-role", &[]),
        ("iam.owned-user", &[]),
        ("iam.role-attachment", &[("roles", "attached")]),
        ("iam.role-policy", &[("roles", "inline")]),
        ("iam.trust-policy", &[("roles", "trust")]),
        ("iam.user-attachment", &[("users", "attached")]),
        ("iam.user-policy", &[("users", "inline")]),
    ],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(read(&self.0))
    }

    /// AWS keeps no password to be given back.
    fn kept(&self, path: &[&str], _: &Value, is: &Value) -> Option<&'static str> {
        matches!(path, ["users", _, "console"]).then_some(())?;
        is.is_null().then_some("console password")
    }

    fn renew<'a>(
        &'a self,
        before: &'a Value,
        now: &'a mut Value,
    ) -> BoxFuture<'a, Result<(), Unread>> {
        Box::pin(async {
            for (user, one) in before["users"].as_object().into_iter().flatten() {
                let Some(reset) = one["console"].as_bool() else { continue };
                if !now["users"][user]["console"].is_null() {
                    continue;
                }
                let call = self.0.create_login_profile().user_name(user);
                let call = call.password("Lab-only-1-not-a-secret").password_reset_required(reset);
                call.send().await.map_err(why)?;
                now["users"][user]["console"] = reset.into();
            }
            Ok(())
        })
    }
}

async fn read(iam: &Client) -> Read {
    let mut users = Map::new();
    let mut pages = iam.list_users().into_paginator().items().send();
    while let Some(one) = pages.next().await {
        let name = one.map_err(why)?.user_name;
        users.insert(name.clone(), user(iam, &name).await?);
    }
    let mut roles = Map::new();
    let mut pages = iam.list_roles().into_paginator().items().send();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        if !one.path.starts_with("/aws-service-role/") {
            roles.insert(one.role_name.clone(), role(iam, &one.role_name).await?);
        }
    }
    let mut profiles = Map::new();
    let mut pages = iam.list_instance_profiles().into_paginator().items().send();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let roles: Vec<_> = one.roles().iter().map(aws_sdk_iam::types::Role::role_name).collect();
        profiles.insert(one.instance_profile_name().into(), json!({ "roles": roles }));
    }
    let mut policies = Map::new();
    let mut pages =
        iam.list_policies().scope(PolicyScopeType::Local).into_paginator().items().send();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let version = (iam.get_policy_version())
            .set_policy_arn(one.arn.clone())
            .set_version_id(one.default_version_id.clone());
        let version = version.send().await.map_err(why)?.policy_version;
        let document = version.and_then(|version| version.document).unwrap_or_default();
        let told = json!({ "version": one.default_version_id, "document": decoded(&document) });
        policies.insert(one.policy_name.unwrap_or_default(), told);
    }
    Ok(json!({ "users": users, "roles": roles, "profiles": profiles, "policies": policies }))
}

fn decoded(document: &str) -> Value {
    let text = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| text.into())
}

fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| (tag.key().to_owned(), json!(tag.value()))).collect()
}

async fn user(iam: &Client, name: &str) -> Read {
    let whole = iam.get_user().user_name(name).send().await.map_err(why)?.user;
    let mut keys = Map::new();
    let mut pages = iam.list_access_keys().user_name(name).into_paginator().items().send();
    while let Some(key) = pages.next().await {
        let key = key.map_err(why)?;
        let status = json!(key.status().map(aws_sdk_iam::types::StatusType::as_str));
        keys.insert(key.access_key_id.unwrap_or_default(), status);
    }
    let login = unless(&["NoSuchEntity"], iam.get_login_profile().user_name(name).send().await)?;
    let console = login.and_then(|found| found.login_profile);
    let console = json!(console.map(|profile| profile.password_reset_required));
    let mut inline = Map::new();
    let mut pages = iam.list_user_policies().user_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        let policy = policy.map_err(why)?;
        let found = iam.get_user_policy().user_name(name).policy_name(&policy).send().await;
        inline.insert(policy, decoded(&found.map_err(why)?.policy_document));
    }
    let attached = iam.list_attached_user_policies().user_name(name).send().await.map_err(why)?;
    let attached: Vec<_> = attached.attached_policies().iter().map(|p| p.policy_arn()).collect();
    let groups = iam.list_groups_for_user().user_name(name).send().await.map_err(why)?;
    let groups: Vec<_> =
        groups.groups().iter().map(aws_sdk_iam::types::Group::group_name).collect();
    let listed = iam.list_user_tags().user_name(name).send().await.map_err(why)?;
    let boundary = whole.and_then(|user| user.permissions_boundary);
    Ok(json!({
        "keys": keys, "console": console, "inline": inline, "attached": attached,
        "groups": groups, "tags": tags(listed.tags()),
        "boundary": boundary.and_then(|boundary| boundary.permissions_boundary_arn),
    }))
}

async fn role(iam: &Client, name: &str) -> Read {
    let whole = iam.get_role().role_name(name).send().await.map_err(why)?.role;
    let mut inline = Map::new();
    let mut pages = iam.list_role_policies().role_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        let policy = policy.map_err(why)?;
        let found = iam.get_role_policy().role_name(name).policy_name(&policy).send().await;
        inline.insert(policy, decoded(&found.map_err(why)?.policy_document));
    }
    let attached = iam.list_attached_role_policies().role_name(name).send().await.map_err(why)?;
    let attached: Vec<_> = attached.attached_policies().iter().map(|p| p.policy_arn()).collect();
    let listed = iam.list_role_tags().role_name(name).send().await.map_err(why)?;
    let trust = whole.as_ref().and_then(|role| role.assume_role_policy_document());
    Ok(json!({
        "trust": trust.map(decoded), "inline": inline, "attached": attached,
        "longest-session": whole.as_ref().and_then(aws_sdk_iam::types::Role::max_session_duration),
        "boundary": whole.as_ref().and_then(|role| role.permissions_boundary())
            .and_then(|boundary| boundary.permissions_boundary_arn()),
        "tags": tags(listed.tags()),
    }))
}
