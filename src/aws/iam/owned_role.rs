//! A role that a run makes for itself, with its policies: absent, or there. Owns how it is made, known
//! by the tags of its creating call, and removed with every policy that is on it by then.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    permissions::*,
    principal_policies::{Policies, is_ours, role, tags},
};
use crate::aws::{
    kit::*,
    owned::{Made, not_ours},
};

/// Where roles and users of runs are.
pub(super) const PATH: &str = "/backburn/";

setting! {
    pub struct OwnedRole {
        /// At most 64 characters.
        pub name: String,
        pub run: String,
        pub step: String,
        pub trust: Value,
        pub policies: Policies,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the role's ARN.
    "iam.owned-role" = Option<Made>, target "{name}";
    reads [GET_ROLE, GET_ROLE_POLICY.at(OWNED_ROLES), LIST_ATTACHED_ROLE_POLICIES];
    writes [
        CREATE_ROLE, TAG_ROLE, PUT_ROLE_POLICY.at(OWNED_ROLES), ATTACH_ROLE_POLICY, DELETE_ROLE,
        DELETE_ROLE_POLICY.at(OWNED_ROLES), DETACH_ROLE_POLICY, LIST_ROLE_POLICIES.at(OWNED_ROLES),
        LIST_ATTACHED_ROLE_POLICIES,
    ];
    releases [
        DELETE_ROLE, DELETE_ROLE_POLICY.at(OWNED_ROLES), DETACH_ROLE_POLICY, LIST_ROLE_POLICIES.at(OWNED_ROLES),
        LIST_ATTACHED_ROLE_POLICIES,
    ];
    release Removed Scaffolding;
    makes;
}

impl OwnedRole {
    /// ARN of the role, `None` when there is none.
    async fn find(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.iam().get_role().role_name(&self.name).send().await;
        match call.by(GET_ROLE).absent_if_gone()?.and_then(|found| found.role) {
            Some(role) if !is_ours(role.tags(), &self.run) => {
                Err(not_ours(GET_ROLE.action, &format!("role `{}`", self.name)))
            }
            found => Ok(found.map(|role| role.arn)),
        }
    }

    /// Creates the role and waits until it can be read.
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let call = || async {
            let call = aws.iam().create_role().role_name(&self.name).path(PATH);
            let call = call.assume_role_policy_document(self.trust.to_string());
            let call = call.description("Made by a backburn run; its release takes it away");
            let call = call.set_tags(Some(tags(&self.tags, &self.run, &self.step)));
            call.send().await.map(drop).by(CREATE_ROLE)
        };
        // A principal in the trust policy may be new itself.
        let fresh = |e: &CallError| {
            e.code.as_deref() == Some("MalformedPolicyDocument") && e.message.contains("principal")
        };
        settled(aws.patiently(fresh, call).await, Class::AlreadySo)?;
        let gone = |e: &CallError| e.class == Class::Gone;
        let readable = || async {
            let text = format!("role `{}` was created but cannot be read", self.name);
            let found = self.find(aws).await?;
            found.ok_or_else(|| CallError::local(GET_ROLE.action, Class::Gone, text))
        };
        aws.patiently(gone, readable).await.map(drop)
    }
}

impl Fact<Aws> for OwnedRole {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let Some(arn) = self.find(aws).await? else { return Ok(None) };
        let complete = settled(role::has(aws, &self.name, &self.policies).await, Class::Gone)?;
        Ok(Made::found(arn, complete))
    }
}

impl Setting<Aws> for OwnedRole {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.find(aws).await?.is_some();
        if value.is_some() {
            if !there {
                self.create(aws).await?;
            }
            return role::give(aws, &self.name, &self.policies).await;
        }
        if !there {
            return Ok(());
        }
        role::strip(aws, &self.name).await.done_if_gone()?;
        let call = aws.iam().delete_role().role_name(&self.name).send().await;
        call.by(DELETE_ROLE).done_if_gone()
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn role() -> OwnedRole {
        OwnedRole {
            name: "backburn-x".into(),
            run: "01RUN".into(),
            step: "role".into(),
            trust: json!({ "Version": "2012-10-17", "Statement": [] }),
            policies: Policies::default(),
            tags: BTreeMap::new(),
        }
    }

    fn answer(run: &str) -> String {
        format!(
            "<GetRoleResponse><GetRoleResult><Role><Path>/backburn/</Path><RoleName>backburn-x</RoleName><RoleId>AROA1</RoleId>\
             <Arn>arn:aws:iam::123456789012:role/backburn/backburn-x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <Tags><member><Key>backburn:run</Key><Value>{run}</Value></member></Tags></Role></GetRoleResult></GetRoleResponse>"
        )
    }

    fn error(code: &str, text: &str) -> String {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
        )
    }

    #[tokio::test]
    async fn a_role_of_someone_else_is_neither_read_as_ours_nor_deleted() {
        let replay = Replay::default().xml("GetRole", &answer("01OTHER"));
        let aws = aws(&replay);
        let error = role().read(&aws).await.expect_err("not ours");
        assert!(error.message.contains("choose another name"), "{error}");
        assert!(role().write(&aws, &None).await.is_err());
        assert!(replay.actions().iter().all(|call| call == "GetRole"));
    }

    #[tokio::test]
    async fn a_principal_that_iam_does_not_know_yet_is_waited_for() {
        let gone = error("NoSuchEntity", "no role");
        let malformed = error("MalformedPolicyDocument", "Invalid principal in policy: AWS");
        let replay = Replay::default()
            .answer("GetRole", 404, &gone)
            .xml("GetRole", &answer("01RUN"))
            .answer("CreateRole", 400, &malformed)
            .xml("CreateRole", "<CreateRoleResponse><CreateRoleResult/></CreateRoleResponse>");
        role().write(&aws(&replay), &Made::wanted(json!({}))).await.expect("made");
        let made = replay.seen().into_iter().filter(|seen| seen.action == "CreateRole");
        let bodies: Vec<_> = made.map(|seen| seen.body).collect();
        assert_eq!(bodies.len(), 2);
        assert!(bodies[0].contains("backburn%3Arun") && bodies[0].contains("01RUN"), "{bodies:?}");
    }
}
