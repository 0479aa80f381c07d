//! Whether a user has a password for the console. Owns its presence only: the password itself can
//! be neither read nor given back.

use super::{permissions::*, things::USER};
use crate::aws::kit::*;

setting! {
    /// True when the user has a login profile, by
    /// [`DeleteLoginProfile`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html).
    /// IAM may answer a delete with `EntityTemporarilyUnmodifiable` for some minutes.
    pub struct LoginProfile {
        pub user: String,
    }
    "iam.login-profile" = bool, target "{user}";
    reads [GET_LOGIN_PROFILE];
    writes [DELETE_LOGIN_PROFILE];
    release Retained Credentials;
    touches [USER(user)];
}

impl Fact<Aws> for LoginProfile {
    async fn read(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws.iam().get_login_profile().user_name(&self.user).send().await;
        Ok(call.by(GET_LOGIN_PROFILE).absent_if_gone()?.is_some())
    }
}

impl Setting<Aws> for LoginProfile {
    async fn write(&self, aws: &Aws, present: &bool) -> Result<(), CallError> {
        if *present {
            let text = format!(
                "a password cannot be given back; run `aws iam create-login-profile --user-name {} --password-reset-required --password ...`",
                self.user
            );
            return Err(CallError::local("iam:CreateLoginProfile", Class::Invalid, text));
        }
        let call = aws.iam().delete_login_profile().user_name(&self.user).send().await;
        call.by(DELETE_LOGIN_PROFILE).done_if_gone()
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
