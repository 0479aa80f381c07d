//! Take a user's console password away, by deleting its login profile.
//!
//! AWS has no way to suspend a password: deleting it is the way, and the password is lost. Release
//! keeps that change. To give access back, make a new login profile with a new password:
//! `aws iam create-login-profile --user-name USER --password-reset-required --password ...`.
//!
//! A console session that is open stays open for up to 12 hours, and no API lists such sessions:
//! `iam.deny-user-sessions` ends them. Let this step need that one, so that its verdict can see the deny.
//! IAM may refuse the delete for some minutes after the profile was changed.
//!
//! Verdict: proven when IAM has no login profile for the user, and its policy simulator says explicit
//! deny for the user's sessions; presumed without that deny, or when the simulator cannot be asked; failed
//! with a login profile.
//!
//! Paths read:
//! - a new sign-in with the password: the login profile, by `GetLoginProfile`
//! - a console session that is open: a deny of the user's sessions, by `SimulatePrincipalPolicy`
//!
//! Paths that no API shows:
//! - which console sessions are open
//! - sign-ins through `GetFederationToken` with one of the user's keys: see `iam.disable-access-key`
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/console-access-disable.html>

use super::{
    lockout::{self, Victim},
    simulated,
};
use crate::{
    actions::kit::*,
    aws::iam::{Caller, CallerTrust, LoginProfile, Simulation, User},
    playbook::types::UserName,
};

/// Inputs of `iam.disable-console-access`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DisableConsoleAccess {
    pub user: UserName,
}

/// Outputs of `iam.disable-console-access`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ConsoleAccess {
    /// Whether the user had a password.
    pub had_console_access: bool,
}

impl Action for DisableConsoleAccess {
    const SPEC: Spec = spec! {
        "iam.disable-console-access": "Take a user's console password away";
        Contain, verdict, irreversible;
        uses [
            fact Caller, fact CallerTrust, fact User, setting LoginProfile,
            part Simulation(Simulation::OF_USER),
        ];
    };
    type Output = ConsoleAccess;

    async fn run(&self, step: &Step<Aws>) -> Result<ConsoleAccess, StepError> {
        let user = self.user.as_str();
        lockout::check(step, Victim::User(user)).await?;
        let facts = step.read(&User { name: user.into() }).await?;
        let profile = LoginProfile { user: user.into() };
        step.set(profile.clone(), false).await?;
        step.verify(&format!("console access of user `{user}`"), async {
            let present = step.look(&profile).await?;
            let sessions = simulated::sessions(step, &facts.arn).await?;
            let verdict = match &sessions {
                _ if present => Verdict::Failed { reason: "the user has a login profile".into() },
                Ok(()) => Verdict::Proven,
                Err(why) => Verdict::Presumed {
                    reason: format!(
                        "a console session that is open lasts for up to 12 hours, and {why}; `iam.deny-user-sessions` ends it"
                    ),
                },
            };
            let denied = sessions.err();
            Ok((verdict, json!({ "user": user, "login-profile": present, "sessions-not-denied": denied })))
        })
        .await?;
        Ok(ConsoleAccess { had_console_access: facts.console })
    }
}
