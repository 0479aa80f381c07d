//! Deny everything to a user, or to the sessions made from its keys, by an inline policy.
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
//! is never overwritten. Inline policies of a user may have 2,048 characters together, which is
//! checked in the plan. Sessions that the attacker got by assuming a role are sessions of that role:
//! look for `AssumeRole` by this user in CloudTrail.
//!
//! A user that another run already denies is refused: resume or release that run first.
//!
//! Release deletes the policy.
//!
//! Verdict: proven when the policy reads back as written and IAM's policy simulator says explicit
//! deny; presumed when the simulator cannot be asked.
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html>

use super::{
    deny::{self, Whom},
    lockout::{self, Victim},
    simulated,
};
use crate::{
    actions::kit::*,
    aws::iam::{Caller, Context, DeniedBy, InlineSize, Owner, Simulation, User, UserPolicy},
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
    /// Name of the inline policy.
    pub policy: String,
}

impl Action for DenyUserSessions {
    const SPEC: Spec = spec! {
        "iam.deny-user-sessions": "Deny everything to a user or to its sessions";
        Contain, verdict;
        uses [
            fact Caller, fact User, fact DeniedBy, part InlineSize(InlineSize::OF_USER),
            setting UserPolicy, part Simulation(Simulation::OF_USER),
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
        let name = deny::name(step.run(), step.id());
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
                let context =
                    Context::Date("aws:TokenIssueTime".into(), "2011-06-15T00:00:00Z".into());
                let subject = format!("sessions of user `{user}` issued before {moment}");
                (Whom::IssuedBefore(moment), vec![context], subject)
            }
        };
        let document = deny::document(step.run(), &whom);
        deny::check_size(step, Owner::User(user.into()), &name, &document).await?;
        let policy = UserPolicy { user: user.into(), policy: name.clone() };
        step.set(policy.clone(), Some(document.clone())).await?;
        step.verify(&subject, simulated::verdict(step, &policy, &document, &facts.arn, context))
            .await?;
        Ok(Denied { policy: name })
    }
}
