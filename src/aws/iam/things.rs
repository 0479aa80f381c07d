//! What IAM has that a run may touch: users and roles, and how their tags are read.

use super::permissions::*;
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

pub(crate) const USER: &Of = &Of {
    name: "user",
    counts: Counts::Principals,
    global: true,
    tags: TagReader::By { permissions: &[GET_USER], look: look_at_user },
};
pub(crate) const ROLE: &Of = &Of {
    name: "role",
    counts: Counts::Principals,
    global: true,
    tags: TagReader::By { permissions: &[GET_ROLE], look: look_at_role },
};

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>, with the tags.
fn look_at_user<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.iam().get_user().user_name(name).send().await;
        let found = call.by(GET_USER).absent_if_gone()?.and_then(|found| found.user);
        Ok(found.map(|user| {
            let tags = user.tags.into_iter().flatten().map(|tag| (tag.key, tag.value));
            Looked { arn: Some(user.arn), ..Looked::tagged(tags.collect()) }
        }))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>, with the tags.
fn look_at_role<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.iam().get_role().role_name(name).send().await;
        let found = call.by(GET_ROLE).absent_if_gone()?.and_then(|found| found.role);
        Ok(found.map(|role| {
            let tags = role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value));
            Looked { arn: Some(role.arn), ..Looked::tagged(tags.collect()) }
        }))
    })
}
