//! One session of a role as a thief has it: taken once, kept in this process's memory, never renewed. And keys that
//! somebody holds. Owns these principals; which step acts as whom is not decided here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_config::retry::RetryConfig;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use jiff::Timestamp;

use super::{ASSUME_ROLE, Aws};
use crate::{
    aws::{
        call_error,
        renewal::{Renewal, Renews},
    },
    engine::{CallError, Class, World},
};

/// A session of a role that was taken once, as a thief has it: it is kept and never renewed.
#[derive(Clone)]
struct Taken {
    keys: Credentials,
    principal: String,
    session: Session,
}

/// When a session was taken, and when its own time is over, on AWS's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub taken: Timestamp,
    pub ends: Timestamp,
}

/// Sessions by role and session name. Clones share them; nothing prints them.
#[derive(Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<HashMap<String, Taken>>>);

impl Sessions {
    fn held(&self) -> MutexGuard<'_, HashMap<String, Taken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Aws {
    /// The same account, called with one session of a role under this name: taken when it is first asked for, kept in this
    /// process's memory and never renewed, as stolen credentials are. With an instance's id for a name it is called as the
    /// instance's own session: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html>
    ///
    /// # Errors
    /// As [`Aws::as_role`].
    pub async fn as_session(&self, role_arn: &str, name: &str) -> Result<Self, CallError> {
        self.is_in_account(role_arn)?;
        let key = format!("{role_arn} {name}");
        let known = self.shared.secrets.1.held().get(&key).cloned();
        let taken = match known {
            Some(taken) => taken,
            None => {
                let new = self.take(role_arn, name).await?;
                self.shared.secrets.1.held().entry(key).or_insert(new).clone()
            }
        };
        let keys = SharedCredentialsProvider::new(taken.keys);
        let maker = self.scope.principal.clone();
        let aws = self.with_credentials(Renewal::new(Some(keys), Renews::Never, None));
        let aws = aws.rebuilt(|shared| {
            shared.made_from.push(maker);
            shared.session = Some(taken.session);
        });
        Ok(aws.called_by(taken.principal))
    }

    async fn take(&self, role_arn: &str, name: &str) -> Result<Taken, CallError> {
        let new = |e: &CallError| matches!(e.class, Class::Denied | Class::Gone);
        let assumed = self
            .patiently(new, || async {
                let call = self.sts().assume_role().role_arn(role_arn).role_session_name(name);
                call.send().await.map_err(|e| call_error(ASSUME_ROLE.action, e))
            })
            .await?;
        let odd = |what| CallError::local(ASSUME_ROLE.action, Class::Unknown, what);
        let made = assumed.credentials.ok_or_else(|| odd("gives no credentials"))?;
        let user = assumed.assumed_role_user.ok_or_else(|| odd("names no session"))?;
        let ends = Timestamp::from_second(made.expiration.secs()).unwrap_or(Timestamp::MAX);
        let token = Some(made.session_token);
        Ok(Taken {
            keys: Credentials::new(
                made.access_key_id,
                made.secret_access_key,
                token,
                None,
                "backburn",
            ),
            principal: user.arn,
            session: Session { taken: self.now().await?, ends },
        })
    }

    /// Of the session that calls, where it was taken by [`Aws::as_session`].
    pub fn session_taken(&self) -> Option<Session> {
        self.shared.session
    }

    /// The same account, called with keys that somebody holds; nothing renews them.
    pub fn with_keys(&self, id: &str, secret: &str, token: Option<String>) -> Self {
        let keys = Credentials::new(id, secret, token, None, "backburn");
        let keys = SharedCredentialsProvider::new(keys);
        self.with_credentials(Renewal::new(Some(keys), Renews::Never, None))
    }

    /// The same account, where each call is made once: what one answer is, is the question.
    pub fn asked_once(&self) -> Self {
        self.rebuilt(|shared| {
            let once = RetryConfig::standard().with_max_attempts(1);
            shared.config = shared.config.to_builder().retry_config(once).build();
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        aws::replay::{Replay, aws},
        engine::Patience,
    };

    const ROLE: &str = "arn:aws:iam::123456789012:role/backburn/web";

    fn brief() -> Patience {
        let ms = Duration::from_millis;
        Patience { first: ms(5), longest: ms(10), deadline: ms(100), ..Patience::default() }
    }

    fn refusal(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
        )
    }

    fn assumed() -> String {
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:i-0abc</AssumedRoleId>\
         <Arn>arn:aws:sts::123456789012:assumed-role/web/i-0abc</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>ASIAI44QH8DHBEXAMPLE</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
            .into()
    }

    /// The guard of a drill holds for its account: a role of another is not even asked for.
    #[tokio::test]
    async fn a_role_of_another_account_is_not_assumed() {
        let replay = Replay::default().answer("AssumeRole", 200, &assumed());
        for role in ["arn:aws:iam::999999999999:role/admin", "admin", ""] {
            let error = aws(&replay).as_session(role, "i-0abc").await.expect_err("a refusal");
            assert!(error.message.contains("not in account 123456789012"), "{error}");
            let error = aws(&replay).as_role(role, "run").await.expect_err("a refusal");
            assert!(error.message.contains("nothing was assumed"), "{error}");
        }
        assert_eq!(replay.actions(), [""; 0]);
    }

    #[tokio::test]
    async fn a_taken_session_is_kept_and_never_renewed() {
        let replay = Replay::default()
            .date("Tue, 24 Nov 2026 10:00:00 GMT")
            .xml("AssumeRole", &assumed())
            .answer("GetCallerIdentity", 403, &refusal("ExpiredToken"));
        let aws = aws(&replay).with_patience(brief());
        for _ in 0..2 {
            let theirs = aws.as_session(ROLE, "i-0abc").await.expect("taken");
            let session = theirs.asked_once().session_taken().expect("a session");
            assert_eq!(session.ends.to_string(), "2099-01-01T00:00:00Z");
            assert!(!format!("{theirs:?}").contains("s3cr3t"));
        }
        let asked = || replay.actions().iter().filter(|action| *action == "AssumeRole").count();
        assert_eq!(asked(), 1, "the thief has one session");
        assert!(replay.seen()[0].body.contains("RoleSessionName=i-0abc"));
        let theirs = aws.as_session(ROLE, "i-0abc").await.expect("kept");
        theirs.sts().get_caller_identity().send().await.expect_err("its time is over");
        assert_eq!(asked(), 1, "and nothing brings another one");
        assert_eq!(aws.session_taken(), None);
    }
}
