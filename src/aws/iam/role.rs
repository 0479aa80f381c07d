//! The state of a role before it is changed. Owns that read and which roles IAM lets nobody
//! change; its trust policy is a setting.

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// A role by its name. `Class::Gone` when there is none.
    pub struct Role {
        pub name: String,
    }
    "iam.role" = RoleIs, target "{name}";
    reads [GET_ROLE];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleIs {
    pub name: String,
    pub arn: String,
    /// `/` or `/some/path/`
    pub path: String,
    /// `AROA...`, the first part of `aws:userid` in its sessions.
    pub id: String,
}

impl RoleIs {
    /// Why the role cannot be changed in IAM, if so.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>,
    /// <https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html>
    pub fn fixed(&self) -> Option<&'static str> {
        if self.path.starts_with("/aws-service-role/") {
            Some("it is a service-linked role, which only its service can change")
        } else if self.path.starts_with("/aws-reserved/")
            || self.name.starts_with("AWSReservedSSO_")
        {
            Some(
                "it is made by IAM Identity Center: remove the assignment or the permission set there, and end the sessions there",
            )
        } else {
            None
        }
    }
}

impl Fact<Aws> for Role {
    async fn read(&self, aws: &Aws) -> Result<RoleIs, CallError> {
        let found = aws.iam().get_role().role_name(&self.name).send().await;
        let role = found.by(GET_ROLE)?.role;
        let role = role
            .ok_or_else(|| CallError::local(GET_ROLE.action, Class::Unknown, "returns no role"))?;
        Ok(RoleIs { name: role.role_name, arn: role.arn, path: role.path, id: role.role_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_iam_lets_nobody_change() {
        let role = |name: &str, path: &str| {
            RoleIs { name: name.into(), arn: String::new(), path: path.into(), id: String::new() }
                .fixed()
                .is_some()
        };
        assert!(role(
            "AWSServiceRoleForAutoScaling",
            "/aws-service-role/autoscaling.amazonaws.com/"
        ));
        assert!(role("AWSReservedSSO_Admin_0123", "/aws-reserved/sso.amazonaws.com/eu-west-1/"));
        assert!(!role("web", "/service-role/"));
    }
}
