//! An instance profile that a run makes for itself, with one role in it: absent, or there. Owns how it is made, known by
//! the tags of its creating call, and removed with whatever role is in it by then.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html> (which needs `iam:PassRole`)

use std::collections::BTreeMap;

use super::{
    owned_role::PATH,
    permissions::*,
    principal_policies::{is_ours, tags},
};
use crate::aws::{
    kit::*,
    owned::{Made, not_ours},
};

setting! {
    pub struct OwnedInstanceProfile {
        /// At most 128 characters.
        pub name: String,
        pub run: String,
        pub step: String,
        /// Name of the role in it.
        pub role: String,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the profile's ARN.
    "iam.owned-instance-profile" = Option<Made>, target "{name}";
    reads [GET_INSTANCE_PROFILE];
    writes [
        CREATE_INSTANCE_PROFILE, TAG_INSTANCE_PROFILE, ADD_ROLE_TO_INSTANCE_PROFILE, PASS_ROLE,
        REMOVE_ROLE_FROM_INSTANCE_PROFILE, DELETE_INSTANCE_PROFILE,
    ];
    releases [REMOVE_ROLE_FROM_INSTANCE_PROFILE, DELETE_INSTANCE_PROFILE];
    release Removed Scaffolding;
    makes;
}

impl OwnedInstanceProfile {
    /// ARN and roles of the profile, `None` when there is none.
    async fn find(&self, aws: &Aws) -> Result<Option<(String, Vec<String>)>, CallError> {
        let call = aws.iam().get_instance_profile().instance_profile_name(&self.name).send().await;
        let found = call.by(GET_INSTANCE_PROFILE).absent_if_gone()?;
        match found.and_then(|found| found.instance_profile) {
            Some(profile) if !is_ours(profile.tags(), &self.run) => {
                let what = format!("instance profile `{}`", self.name);
                Err(not_ours(GET_INSTANCE_PROFILE.action, &what))
            }
            found => Ok(found.map(|profile| {
                let roles = profile.roles.into_iter().map(|role| role.role_name).collect();
                (profile.arn, roles)
            })),
        }
    }

    /// Creates the profile and waits until it can be read.
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let call = aws.iam().create_instance_profile().instance_profile_name(&self.name).path(PATH);
        let call = call.set_tags(Some(tags(&self.tags, &self.run, &self.step)));
        settled(call.send().await.map(drop).by(CREATE_INSTANCE_PROFILE), Class::AlreadySo)?;
        let gone = |e: &CallError| e.class == Class::Gone;
        let readable = || async {
            let found = self.find(aws).await?;
            found.ok_or_else(|| GET_INSTANCE_PROFILE.gone("instance profile", &self.name))
        };
        aws.patiently(gone, readable).await.map(drop)
    }
}

impl Fact<Aws> for OwnedInstanceProfile {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let found = self.find(aws).await?;
        Ok(found.and_then(|(arn, roles)| Made::found(arn, roles.contains(&self.role))))
    }
}

impl Setting<Aws> for OwnedInstanceProfile {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.find(aws).await?;
        let name = &self.name;
        if value.is_some() {
            if there.is_none() {
                self.create(aws).await?;
            }
            if there.is_some_and(|(_, roles)| roles.contains(&self.role)) {
                return Ok(());
            }
            PASS_ROLE.witness();
            // The role may be as new as the profile.
            let gone = |e: &CallError| e.class == Class::Gone;
            let put = || async {
                let call = aws.iam().add_role_to_instance_profile().instance_profile_name(name);
                let call = call.role_name(&self.role).send().await;
                call.map(drop).by(ADD_ROLE_TO_INSTANCE_PROFILE)
            };
            return aws.patiently(gone, put).await;
        }
        let Some((_, roles)) = there else { return Ok(()) };
        for role in roles {
            let call = aws.iam().remove_role_from_instance_profile().instance_profile_name(name);
            let call = call.role_name(role).send().await;
            call.by(REMOVE_ROLE_FROM_INSTANCE_PROFILE).done_if_gone()?;
        }
        let call = aws.iam().delete_instance_profile().instance_profile_name(name).send().await;
        call.by(DELETE_INSTANCE_PROFILE).done_if_gone()
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

    fn profile() -> OwnedInstanceProfile {
        OwnedInstanceProfile {
            name: "backburn-x".into(),
            run: "01RUN".into(),
            step: "profile".into(),
            role: "backburn-role".into(),
            tags: BTreeMap::new(),
        }
    }

    fn answer(run: &str, role: &str) -> String {
        let role = match role {
            "" => String::new(),
            role => format!(
                "<member><Path>/backburn/</Path><RoleName>{role}</RoleName><RoleId>AROA1</RoleId>\
                 <Arn>arn:aws:iam::123456789012:role/backburn/{role}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>"
            ),
        };
        format!(
            "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Path>/backburn/</Path>\
             <InstanceProfileName>backburn-x</InstanceProfileName><InstanceProfileId>AIPA1</InstanceProfileId>\
             <Arn>arn:aws:iam::123456789012:instance-profile/backburn/backburn-x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <Roles>{role}</Roles><Tags><member><Key>backburn:run</Key><Value>{run}</Value></member></Tags></InstanceProfile>\
             </GetInstanceProfileResult></GetInstanceProfileResponse>"
        )
    }

    fn done(action: &str) -> String {
        format!("<{action}Response><{action}Result/></{action}Response>")
    }

    #[tokio::test]
    async fn a_profile_of_someone_else_is_neither_read_as_ours_nor_deleted() {
        let replay = Replay::default().xml("GetInstanceProfile", &answer("01OTHER", "theirs"));
        let aws = aws(&replay);
        let error = profile().read(&aws).await.expect_err("not ours");
        assert!(error.message.contains("choose another name"), "{error}");
        assert!(profile().write(&aws, &None).await.is_err());
        assert!(replay.actions().iter().all(|call| call == "GetInstanceProfile"));
    }

    #[tokio::test]
    async fn a_write_that_was_cut_off_is_finished_and_release_takes_the_role_out_first() {
        let half = Replay::default()
            .xml("GetInstanceProfile", &answer("01RUN", ""))
            .xml("AddRoleToInstanceProfile", &done("AddRoleToInstanceProfile"));
        let found = profile().read(&aws(&half)).await.expect("read");
        assert!(found.is_some_and(|made| !made.complete), "its role is missing");
        profile().write(&aws(&half), &Made::wanted(json!({}))).await.expect("finished");
        assert_eq!(half.actions().last().map(String::as_str), Some("AddRoleToInstanceProfile"));
        let whole = Replay::default()
            .xml("GetInstanceProfile", &answer("01RUN", "backburn-role"))
            .xml("RemoveRoleFromInstanceProfile", &done("RemoveRoleFromInstanceProfile"))
            .xml("DeleteInstanceProfile", &done("DeleteInstanceProfile"));
        profile().write(&aws(&whole), &None).await.expect("removed");
        assert_eq!(
            whole.actions(),
            ["GetInstanceProfile", "RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"]
        );
    }
}
