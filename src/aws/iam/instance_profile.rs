//! From an instance to its role: the profile of an instance, the role in a profile, the instances
//! that use a profile. Owns these three reads; changing an association is `aws::ec2`'s.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, Permission, on},
};

/// ARN of the profile of an instance, `None` without one. `Class::Gone` when there is no such
/// instance.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileOf {
    pub instance: String,
}

impl Fact<Aws> for ProfileOf {
    const KIND: &'static str = "iam.profile-of-instance";
    const READS: &'static [Permission] = &[on("ec2:DescribeInstances", "*")];
    type Value = Option<String>;

    fn target(&self) -> String {
        self.instance.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        const CALL: &str = "ec2:DescribeInstances";
        let found = aws.ec2().describe_instances().instance_ids(&self.instance).send().await;
        let found = found.map_err(|e| call_error(CALL, e))?;
        let instance = found.reservations().iter().flat_map(|r| r.instances()).next();
        let instance = instance.ok_or_else(|| {
            CallError::local(CALL, Class::Gone, format!("there is no instance `{}`", self.instance))
        })?;
        let profile = instance.iam_instance_profile().and_then(|p| p.arn());
        Ok(profile.map(str::to_owned))
    }
}

/// The role in an instance profile, `None` in an empty one. A profile holds at most one role:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>
#[derive(Clone, Debug, Serialize)]
pub struct InstanceProfile {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRole {
    pub role: Option<String>,
}

impl Fact<Aws> for InstanceProfile {
    const KIND: &'static str = "iam.instance-profile";
    const READS: &'static [Permission] =
        &[on("iam:GetInstanceProfile", "arn:aws:iam::{account}:instance-profile/*")];
    type Value = ProfileRole;

    fn target(&self) -> String {
        self.name.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<ProfileRole, CallError> {
        let call = aws.iam().get_instance_profile().instance_profile_name(&self.name).send().await;
        let found = call.map_err(|e| call_error("iam:GetInstanceProfile", e))?;
        let role = found.instance_profile.and_then(|p| p.roles.into_iter().next());
        Ok(ProfileRole { role: role.map(|role| role.role_name) })
    }
}

/// Ids of the instances that use a profile, sorted. From the associations, which AWS cannot filter
/// by profile:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html>
#[derive(Clone, Debug, Serialize)]
pub struct ProfileUsers {
    /// ARN of the profile.
    pub profile: String,
}

impl Fact<Aws> for ProfileUsers {
    const KIND: &'static str = "iam.profile-users";
    const READS: &'static [Permission] = &[on("ec2:DescribeIamInstanceProfileAssociations", "*")];
    type Value = Vec<String>;

    fn target(&self) -> String {
        self.profile.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let call = aws.ec2().describe_iam_instance_profile_associations().into_paginator();
        let mut found = call.items().send();
        let mut ids = Vec::new();
        while let Some(association) = found.next().await {
            let association = association
                .map_err(|e| call_error("ec2:DescribeIamInstanceProfileAssociations", e))?;
            let profile = association.iam_instance_profile().and_then(|p| p.arn());
            if profile == Some(self.profile.as_str()) {
                ids.extend(association.instance_id);
            }
        }
        ids.sort();
        ids.dedup();
        Ok(ids)
    }
}
