//! Deny everything to the credentials that an instance has from its role.
//!
//! `scope: instance` (the default) denies by `aws:userid`, which is `ROLE-ID:INSTANCE-ID` in every
//! session that EC2 hands to this instance: the stolen credentials, and those that EC2 hands it next.
//! Other instances with the role keep working.
//!
//! `scope: role` denies every session of the role whose token was issued before now (AWS's clock,
//! 30 s ahead), by `aws:TokenIssueTime`, including sessions that the attacker created by assuming the role
//! under another name. Every other user of the role loses access until it gets new credentials, which
//! EC2 brings to instances only hours later; and this instance gets new ones too. Combine it with
//! isolation, or with `scope: instance` in a second step.
//!
//! Either way, sessions of other roles that were assumed with the stolen credentials remain valid: look for
//! `AssumeRole` in CloudTrail. Changing or removing the profile would not help: EC2 keeps the old role's
//! credentials usable for up to about six hours. The instance's own Systems Manager agent uses the
//! role, so commands on it fail from here on.
//!
//! The plan lists the other instances with the same profile, and who else may assume the role: those
//! get in again (`iam.repair-trust-policy`). An instance without a role has nothing to revoke.
//!
//! Where the inline policies of the role leave no room for the deny, it goes as a managed policy that is
//! attached; the plan says so.
//!
//! Release deletes the policy, after it was detached.
//!
//! Verdict: proven when the policy reads back as written and IAM's policy simulator says explicit
//! deny for such a session; presumed when the simulator cannot be asked, and when the instance has no role
//! now: credentials of one that was taken off it stay valid for hours.
//!
//! Paths read:
//! - the instance's profile and its role: by `DescribeInstances`, `GetInstanceProfile`
//! - the policy itself: by `GetRolePolicy`, or `ListAttachedRolePolicies` and `GetPolicyVersion`
//! - a session that it must hit: by `SimulatePrincipalPolicy`
//!
//! Paths that no API shows:
//! - roles that the instance had before: their credentials stay valid for hours
//! - sessions of other roles that were assumed with its credentials: look for `AssumeRole` in CloudTrail
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>

use super::{
    deny::{self, Whom},
    lockout::{self, Victim},
    trust,
};
use crate::{
    actions::kit::*,
    aws::iam::{
        Attached, Caller, CallerTrust, Context, InlineSize, InstanceProfile, ManagedPolicy, Owner,
        ProfileOf, ProfileUsers, Role, RoleAttached, RoleAttachment, RoleIs, RolePolicy,
        Simulation, TrustPolicy,
    },
    playbook::types::InstanceId,
};

/// Inputs of `ec2.revoke-instance-role`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RevokeInstanceRole {
    pub instance: InstanceId,
    /// `instance`: this instance's sessions. `role`: every session of its role issued before now.
    #[serde(default)]
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    #[default]
    Instance,
    Role,
}

/// Outputs of `ec2.revoke-instance-role`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Revoked {
    /// Name of the role, none when the instance has no role.
    pub role: Option<String>,
    /// Name of the inline or managed policy, none when there was nothing to revoke.
    pub policy: Option<String>,
    /// Other instances with the same profile.
    pub shared_with: Vec<String>,
}

impl Action for RevokeInstanceRole {
    const SPEC: Spec = spec! {
        "ec2.revoke-instance-role": "Deny everything to the credentials of an instance's role";
        Contain, verdict;
        uses [
            fact Caller, fact CallerTrust, fact ProfileOf, fact InstanceProfile, fact ProfileUsers,
            fact Role, fact TrustPolicy, part InlineSize(InlineSize::OF_ROLE),
            part Attached(Attached::OF_ROLE), setting RolePolicy, setting ManagedPolicy,
            setting RoleAttachment, fact RoleAttached, part Simulation(Simulation::OF_ROLE),
        ];
        effects [CutsAgent, DeniesSessions];
    };
    type Output = Revoked;

    async fn run(&self, step: &Step<Aws>) -> Result<Revoked, StepError> {
        let instance = self.instance.as_str();
        let Some(profile) = step.read(&ProfileOf { instance: instance.into() }).await? else {
            return self.nothing(step, "the instance has no instance profile").await;
        };
        let name = profile.rsplit('/').next().unwrap_or(&profile).to_string();
        let Some(role) = step.read(&InstanceProfile { name }).await?.role else {
            return self.nothing(step, "the instance's profile has no role").await;
        };
        let role = step.read(&Role { name: role }).await?;
        if let Some(why) = role.fixed() {
            return Err(StepError::Refused(format!(
                "role `{}` cannot be denied: {why}",
                role.name
            )));
        }
        let user_id = format!("{}:{instance}", role.id);
        lockout::check(
            step,
            match self.scope {
                Scope::Instance => Victim::Session(&user_id),
                Scope::Role => Victim::Role(&role.name),
            },
        )
        .await?;
        let mut shared_with = step.read(&ProfileUsers { profile }).await?;
        shared_with.retain(|id| id != instance);
        self.tell(step, &role, &shared_with).await?;

        let (whom, context, subject) = match self.scope {
            Scope::Instance => (
                Whom::UserId(user_id.clone()),
                Context::Text("aws:userid".into(), user_id),
                format!("sessions of role `{}` on instance `{instance}`", role.name),
            ),
            Scope::Role => {
                let moment = step.moment(deny::AHEAD).await?;
                let subject = format!("sessions of role `{}` issued before {moment}", role.name);
                let old = Context::Date("aws:TokenIssueTime".into(), "2011-06-15T00:00:00Z".into());
                (Whom::IssuedBefore(moment), old, subject)
            }
        };
        let owner = Owner::Role(role.name.clone());
        let on = deny::On { owner, arn: &role.arn, subject: &subject, context: vec![context] };
        let name = deny::put(step, on, &whom).await?;
        Ok(Revoked { role: Some(role.name), policy: Some(name), shared_with })
    }
}

impl RevokeInstanceRole {
    async fn nothing(&self, step: &Step<Aws>, why: &str) -> Result<Revoked, StepError> {
        let instance = self.instance.as_str();
        step.note(format!("nothing to revoke on `{instance}`: {why}; credentials of a role that it had within the last six hours may still be valid")).await?;
        step.verify(&format!("role of instance `{instance}`"), async {
            let now = step.look(&ProfileOf { instance: instance.into() }).await?;
            // Which profile it had an hour ago, no API of EC2 tells.
            let reason = format!("{why}, and credentials of a role that it had before may be valid for about six hours; look in CloudTrail for `AssociateIamInstanceProfile` and `DisassociateIamInstanceProfile` on it");
            Ok((
                Verdict::Presumed { reason },
                json!({ "instance": instance, "instance-profile": now, "found": why }),
            ))
        })
        .await?;
        Ok(Revoked { role: None, policy: None, shared_with: Vec::new() })
    }

    async fn tell(
        &self,
        step: &Step<Aws>,
        role: &RoleIs,
        shared_with: &[String],
    ) -> Result<(), StepError> {
        if !shared_with.is_empty() {
            let others = shared_with.join("`, `");
            step.note(match self.scope {
                Scope::Instance => format!("role `{}` is also used by `{others}`, which this deny does not hit; check them for the same attacker", role.name),
                Scope::Role => format!("role `{}` is also used by `{others}`: they lose access until EC2 brings them new credentials, which may take hours", role.name),
            })
            .await?;
        }
        if self.scope == Scope::Role {
            step.note("EC2 hands the instance new credentials, which this deny does not hit; isolate it, or deny with `scope: instance` too").await?;
        }
        let trust = step.read(&TrustPolicy { role: role.name.clone() }).await?;
        let others = trust::beyond_ec2(&trust);
        if !others.is_empty() {
            step.note(format!("role `{}` can also be assumed by `{}`, whose new sessions this deny does not hit; repair it with `iam.repair-trust-policy`", role.name, others.join("`, `"))).await?;
        }
        Ok(())
    }
}
