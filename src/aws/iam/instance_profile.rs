//! From an instance to its role: the profile of an instance, the role in a profile, the instances
//! that use a profile. Owns these three reads; changing an association is `aws::ec2`'s.

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// ARN of the profile of an instance, `None` without one. `Class::Gone` when there is no such
    /// instance.
    pub struct ProfileOf {
        pub instance: String,
    }
    "iam.profile-of-instance" = Option<String>, target "{instance}";
    reads [DESCRIBE_INSTANCES];
}

impl Fact<Aws> for ProfileOf {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let found = aws.ec2().describe_instances().instance_ids(&self.instance).send().await;
        let found = found.by(DESCRIBE_INSTANCES)?;
        let instance =
            found.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances).next();
        let instance = instance.ok_or_else(|| {
            CallError::local(
                DESCRIBE_INSTANCES.action,
                Class::Gone,
                format!("there is no instance `{}`", self.instance),
            )
        })?;
        let profile = instance.iam_instance_profile().and_then(|p| p.arn());
        Ok(profile.map(str::to_owned))
    }
}

fact! {
    /// The role in an instance profile, `None` in an empty one. A profile holds at most one role:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>
    pub struct InstanceProfile {
        pub name: String,
    }
    "iam.instance-profile" = ProfileRole, target "{name}";
    reads [GET_INSTANCE_PROFILE];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRole {
    pub role: Option<String>,
}

impl Fact<Aws> for InstanceProfile {
    async fn read(&self, aws: &Aws) -> Result<ProfileRole, CallError> {
        let call = aws.iam().get_instance_profile().instance_profile_name(&self.name).send().await;
        let found = call.by(GET_INSTANCE_PROFILE)?;
        let role = found.instance_profile.and_then(|p| p.roles.into_iter().next());
        Ok(ProfileRole { role: role.map(|role| role.role_name) })
    }
}

fact! {
    /// Ids of the instances that use a profile, sorted. From the associations, which AWS cannot filter
    /// by profile:
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html>
    pub struct ProfileUsers {
        /// ARN of the profile.
        pub profile: String,
    }
    "iam.profile-users" = Vec<String>, target "{profile}";
    reads [DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS];
}

impl Fact<Aws> for ProfileUsers {
    async fn read(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let call = aws.ec2().describe_iam_instance_profile_associations();
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS, page).all().await?;
        let all = pages
            .into_iter()
            .flat_map(|page| page.iam_instance_profile_associations.unwrap_or_default());
        let mut ids = Vec::new();
        for association in all {
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
