//! Whether a user has a password for the console. Owns its presence only: the password itself can
//! be neither read nor given back.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, How, Order, Permission, Rule, Setting, on, settled},
};

const USER: &str = "arn:aws:iam::{account}:user/*";

/// True when the user has a login profile, by
/// [`DeleteLoginProfile`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html).
/// IAM may answer a delete with `EntityTemporarilyUnmodifiable` for some minutes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginProfile {
    pub user: String,
}

impl Fact<Aws> for LoginProfile {
    const KIND: &'static str = "iam.login-profile";
    const READS: &'static [Permission] = &[on("iam:GetLoginProfile", USER)];
    type Value = bool;

    fn target(&self) -> String {
        self.user.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws.iam().get_login_profile().user_name(&self.user).send().await;
        let found = call.map(|_| true).map_err(|e| call_error("iam:GetLoginProfile", e));
        settled(found, Class::Gone)
    }
}

impl Setting<Aws> for LoginProfile {
    const RULE: Rule = Rule { how: How::Retained, order: Order::Credentials };
    const WRITES: &'static [Permission] = &[on("iam:DeleteLoginProfile", USER)];

    async fn write(&self, aws: &Aws, present: &bool) -> Result<(), CallError> {
        if *present {
            let text = format!(
                "a password cannot be given back; run `aws iam create-login-profile --user-name {} --password-reset-required --password ...`",
                self.user
            );
            return Err(CallError::local("iam:CreateLoginProfile", Class::Invalid, text));
        }
        let call = aws.iam().delete_login_profile().user_name(&self.user).send().await;
        let gone = call.map(|_| ()).map_err(|e| call_error("iam:DeleteLoginProfile", e));
        settled(gone, Class::Gone)
    }

    fn caveat(before: &bool) -> Option<&'static str> {
        before.then_some(
            "release cannot restore the password: give console access back with \
             `aws iam create-login-profile --user-name USER --password-reset-required`, with a new password",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn error(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        )
    }

    #[tokio::test]
    async fn no_profile_is_absent_and_a_refusal_is_an_error() {
        let bob = LoginProfile { user: "bob".into() };
        let none = Replay::default().answer("GetLoginProfile", 404, &error("NoSuchEntity")).answer(
            "DeleteLoginProfile",
            404,
            &error("NoSuchEntity"),
        );
        assert_eq!(bob.read(&aws(&none)).await, Ok(false));
        assert_eq!(bob.write(&aws(&none), &false).await, Ok(()));
        let denied = Replay::default().answer("GetLoginProfile", 403, &error("AccessDenied"));
        assert_eq!(bob.read(&aws(&denied)).await.expect_err("denied").class, Class::Denied);
        let busy = error("EntityTemporarilyUnmodifiable");
        let busy = Replay::default().answer("DeleteLoginProfile", 409, &busy);
        assert!(bob.write(&aws(&busy), &false).await.is_err());
    }

    #[tokio::test]
    async fn a_password_is_never_made_up() {
        let replay = Replay::default();
        let made = LoginProfile { user: "bob".into() }.write(&aws(&replay), &true).await;
        assert!(made.expect_err("refused").message.contains("create-login-profile"));
        assert!(replay.actions().is_empty());
    }
}
