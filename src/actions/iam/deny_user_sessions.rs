//! Deny everything to a user, or to the sessions made from its keys, by a policy on it.
//!
//! `scope: all` (the default) denies the user everything: its long-term keys, its console and every
//! session made from them. It contains whatever else the attacker holds of that user.
//!
//! `scope: sessions` denies sessions whose token was issued before now (AWS's clock, 30 s ahead), by
//! `aws:TokenIssueTime`. A long-term key carries no such time and is not hit: without
//! `iam.disable-access-key` the attacker creates a new session at once. Use it if the user must continue
//! working with a new key.
//!
//! The policy is called `backburn-RUN-STEP`; an inline policy that someone else wrote under that name
//! is never overwritten. Inline policies of a user may have 2,048 characters together. Where that leaves no
//! room, the deny goes as a managed policy `backburn-RUN-...` that is attached, of which a user may have 10
//! unless the account has a higher quota; the plan says so, and shows its permissions boundary, which takes
//! nothing from a deny. Sessions that the attacker got by assuming a role are sessions of that role:
//! look for `AssumeRole` by this user in CloudTrail.
//!
//! A user that another run already denies is refused: resume or release that run first.
//!
//! Release deletes the policy, after it was detached.
//!
//! Verdict: proven when the policy reads back as written, attached where it is a managed one, and IAM's
//! policy simulator says explicit deny; presumed when the simulator cannot be asked.
//!
//! Paths read:
//! - the policy itself: by `GetUserPolicy`, or `ListAttachedUserPolicies` and `GetPolicyVersion`
//! - a request that it must hit: by `SimulatePrincipalPolicy`
//!
//! Paths that no API shows:
//! - sessions of roles that the user assumed: look for `AssumeRole` in CloudTrail
//! - what a resource policy gives to a session that the deny does not hit, under `scope: sessions`
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html>

use super::{
    deny::{self, Whom},
    lockout::{self, Victim},
    simulated,
};
use crate::{
    actions::kit::*,
    aws::iam::{
        Attached, Caller, CallerTrust, DeniedBy, InlineSize, ManagedPolicy, Owner, Simulation,
        User, UserAttached, UserAttachment, UserPolicy,
    },
    playbook::types::UserName,
};

/// Inputs of `iam.deny-user-sessions`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DenyUserSessions {
    pub user: UserName,
    /// `all`: everything of the user. `sessions`: what was issued before now.
    #[serde(default)]
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    #[default]
    All,
    Sessions,
}

/// Outputs of `iam.deny-user-sessions`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Denied {
    /// Name of the inline or managed policy.
    pub policy: String,
}

impl Action for DenyUserSessions {
    const SPEC: Spec = spec! {
        "iam.deny-user-sessions": "Deny everything to a user or to its sessions";
        Contain, verdict;
        uses [
            fact Caller, fact CallerTrust, fact User, fact DeniedBy,
            part InlineSize(InlineSize::OF_USER),
            part Attached(Attached::OF_USER), setting UserPolicy, setting ManagedPolicy,
            setting UserAttachment, fact UserAttached, part Simulation(Simulation::OF_USER),
        ];
    };
    type Output = Denied;

    async fn run(&self, step: &Step<Aws>) -> Result<Denied, StepError> {
        let user = self.user.as_str();
        lockout::check(step, Victim::User(user)).await?;
        let facts = step.read(&User { name: user.into() }).await?;
        let own = step.run().to_owned();
        if let Some(run) = step.read(&DeniedBy { user: user.into(), except: own }).await? {
            return Err(StepError::Refused(format!(
                "user `{user}` is held by run {run}, which denies it already; resume or release that run first"
            )));
        }
        let (whom, context, subject) = match self.scope {
            Scope::All => (Whom::Everyone, Vec::new(), format!("user `{user}`")),
            Scope::Sessions => {
                let moment = step.moment(deny::AHEAD).await?;
                let usable: Vec<&str> = facts.usable().collect();
                if !usable.is_empty() {
                    step.note(format!(
                        "long-term keys of `{user}` are not hit by this deny: `{}`; `iam.disable-access-key` or `scope: all` stops them",
                        usable.join("`, `")
                    ))
                    .await?;
                }
                let context = simulated::old_token();
                let subject = format!("sessions of user `{user}` issued before {moment}");
                (Whom::IssuedBefore(moment), vec![context], subject)
            }
        };
        let owner = Owner::User(user.into());
        let on = deny::On { owner, arn: &facts.arn, subject: &subject, context };
        Ok(Denied { policy: deny::put(step, on, &whom).await? })
    }
}
