//! Take a user's console password away, by deleting its login profile.
//!
//! AWS has no way to suspend a password: deleting it is the way, and the password is lost. Release
//! keeps that change. To give access back, make a new login profile with a new password:
//! `aws iam create-login-profile --user-name USER --password-reset-required --password ...`.
//!
//! A console session that is open stays open for up to 12 hours; `iam.deny-user-sessions` ends it.
//! IAM may refuse the delete for some minutes after the profile was changed.
//!
//! Verdict: proven when IAM has no login profile for the user.
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>

use super::lockout::{self, Victim};
use crate::{
    actions::kit::*,
    aws::iam::{Caller, LoginProfile, User},
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
        uses [fact Caller, fact User, setting LoginProfile];
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
            let verdict = if present {
                Verdict::Failed { reason: "the user has a login profile".into() }
            } else {
                Verdict::Proven
            };
            Ok((verdict, json!({ "user": user, "login-profile": present })))
        })
        .await?;
        Ok(ConsoleAccess { had_console_access: facts.console })
    }
}
