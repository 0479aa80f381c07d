//! The same account seen as another principal: by an access key that this process made, or by a role.
//! Owns the secrets, which live in this process's memory only, and the patience with keys and roles
//! that IAM has just made; which step acts as whom is not decided here.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_config::sts::AssumeRoleProvider;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_types::origin::Origin;
use tokio::time::{Instant, sleep};

use super::{Aws, CONNECT, stolen::Sessions};
use crate::{
    aws::{
        call_error,
        renewal::{Renewal, Renews, Source},
    },
    engine::{CallError, Class, Permission, Scope, on},
};

/// Any role; a policy names the one.
pub const ASSUME_ROLE: Permission = on("sts:AssumeRole", "arn:aws:iam::*:role/*");
/// How long IAM may take to know a new key or role everywhere.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
const SETTLES: Duration = Duration::from_secs(30);

/// Secrets by access key id. Clones share them; nothing prints them.
#[derive(Clone, Default)]
pub(super) struct Secrets(Arc<Mutex<HashMap<String, Secret>>>, pub(super) Sessions);

struct Secret {
    secret: String,
    /// ARN of whose key it is, once a call with it was answered.
    principal: Option<String>,
}

impl Secrets {
    fn held(&self) -> MutexGuard<'_, HashMap<String, Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Session name of a step that acts as a role, so that CloudTrail attributes its calls to the run:
/// `backburn-RUN-STEP`, at most 64 of the characters that STS takes.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub fn session_name(run: &str, step: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let name: String = format!("backburn-{run}-{step}").chars().map(plain).take(64).collect();
    name.trim_end_matches('-').into()
}

impl Aws {
    /// ARNs of the principals by whom this program assumed the role that calls. What made the session that it was
    /// started with, AWS does not tell.
    pub fn made_from(&self) -> &[String] {
        &self.shared.made_from
    }

    /// Keeps the secret of an access key for [`Aws::as_access_key`]. It is never written anywhere and
    /// ends with this process.
    pub fn remember_secret(&self, access_key_id: &str, secret: &str) {
        let secret = Secret { secret: secret.into(), principal: None };
        self.shared.secrets.held().insert(access_key_id.into(), secret);
    }

    /// Whether this process can act as that key.
    pub fn knows_secret(&self, access_key_id: &str) -> bool {
        self.shared.secrets.held().contains_key(access_key_id)
    }

    /// The same account, called with an access key that this process made. The first time it waits
    /// until STS accepts the key, which may take some seconds after its creation.
    ///
    /// # Errors
    /// `Class::Invalid` when this process does not know the secret; `Class::Expired` when the key
    /// was never accepted.
    pub async fn as_access_key(&self, id: &str) -> Result<Self, CallError> {
        let known = {
            let held = self.shared.secrets.held();
            held.get(id).map(|one| (one.secret.clone(), one.principal.clone()))
        };
        let Some((secret, principal)) = known else {
            let text = format!(
                "the secret of access key `{id}` is known only to the process that made it; release this drill and run it again"
            );
            return Err(CallError::local(CONNECT, Class::Invalid, text));
        };
        let keys = Credentials::new(id, secret, None, None, "backburn");
        // What becomes of this key is what a drill is to show: a refusal of it is a result.
        let keys = SharedCredentialsProvider::new(keys);
        let aws = self.with_credentials(Renewal::new(Some(keys), Renews::Never, None));
        if let Some(principal) = principal {
            return Ok(aws.called_by(principal));
        }
        let who = self
            .patiently(
                |e| matches!(e.class, Class::Expired | Class::Denied),
                || async {
                    let who = aws.sts().get_caller_identity().send().await;
                    who.map_err(|e| call_error(CONNECT, e))
                },
            )
            .await?;
        let arn = who
            .arn
            .ok_or_else(|| CallError::local(CONNECT, Class::Unknown, "names no principal"))?;
        if let Some(one) = self.shared.secrets.held().get_mut(id) {
            one.principal = Some(arn.clone());
        }
        Ok(aws.called_by(arn))
    }

    /// The same account, called as a session of a role, whose credentials refresh. Waits some seconds
    /// for a role that IAM has just made. See [`session_name`].
    ///
    /// # Errors
    /// `Class::Denied` when the caller may not assume the role, or there is no such role: STS does
    /// not distinguish the two.
    pub async fn as_role(&self, role_arn: &str, session_name: &str) -> Result<Self, CallError> {
        self.is_in_account(role_arn)?;
        let new = |e: &CallError| matches!(e.class, Class::Denied | Class::Gone);
        self.session(role_arn, session_name, None, new).await
    }

    /// A drill's guard holds for one account: no step of it may act in another by way of a role.
    ///
    /// # Errors
    /// The role is in another account, or its ARN names none.
    pub(super) fn is_in_account(&self, role_arn: &str) -> Result<(), CallError> {
        let own = &self.scope.account;
        match role_arn.split(':').nth(4) {
            Some(account) if account == own => Ok(()),
            _ => Err(CallError::local(
                ASSUME_ROLE.action,
                Class::Invalid,
                format!(
                    "role `{role_arn}` is not in account {own}, where this run may act; nothing was assumed"
                ),
            )),
        }
    }

    /// The same with a long-standing role, possibly in another account: what is denied
    /// stays denied. `external_id` is what the role's trust policy asks for.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
    ///
    /// # Errors
    /// As [`Aws::as_role`].
    pub async fn as_standing_role(
        &self,
        role_arn: &str,
        session_name: &str,
        external_id: Option<&str>,
    ) -> Result<Self, CallError> {
        self.session(role_arn, session_name, external_id, |_| false).await
    }

    async fn session(
        &self,
        role_arn: &str,
        session_name: &str,
        external_id: Option<&str>,
        passes: impl Fn(&CallError) -> bool + Send,
    ) -> Result<Self, CallError> {
        // This call is classified and goes past the endpoint guard; the provider's own repeat it.
        let assumed = self
            .patiently(passes, || async {
                let call = self.sts().assume_role().role_arn(role_arn);
                let call = call.set_external_id(external_id.map(str::to_owned));
                let call = call.role_session_name(session_name).send().await;
                call.map_err(|e| call_error(ASSUME_ROLE.action, e))
            })
            .await?;
        let arn = assumed.assumed_role_user.map(|user| user.arn);
        let arn = arn.ok_or_else(|| {
            CallError::local(ASSUME_ROLE.action, Class::Unknown, "names no session")
        })?;
        let source = self.sessions(role_arn, session_name, external_id);
        let renewal = Renewal::new(source().await, Renews::WhenOver, Some(source));
        let maker = self.scope.principal.clone();
        let made = self.with_credentials(renewal).rebuilt(|shared| shared.made_from.push(maker));
        Ok(made.called_by(arn))
    }

    /// Sessions of a role, each asked for with the caller's own credentials of that time.
    fn sessions(&self, role_arn: &str, session_name: &str, external_id: Option<&str>) -> Source {
        let (role, name) = (role_arn.to_owned(), session_name.to_owned());
        let external_id = external_id.map(str::to_owned);
        let (config, base) = (self.config(), self.shared.renewal.clone());
        let endpoint = self.shared.endpoints.url("sts").map(str::to_owned);
        Arc::new(move || {
            let (role, name, external_id) = (role.clone(), name.clone(), external_id.clone());
            let mut own = config.to_builder();
            own.set_credentials_provider(base.provider());
            if let Some(url) = &endpoint {
                // As for every other call of this service, whatever the environment has.
                own.set_endpoint_url(Some(url.clone()));
                own.insert_origin("endpoint_url", Origin::shared_config());
            }
            // The provider panics without one, and not every configuration has one.
            own.set_time_source(Some(config.time_source().unwrap_or_default()));
            let own = own.build();
            Box::pin(async move {
                let mut provider = AssumeRoleProvider::builder(role).configure(&own);
                provider = provider.session_name(name);
                if let Some(id) = external_id {
                    provider = provider.external_id(id);
                }
                Some(SharedCredentialsProvider::new(provider.build().await))
            })
        })
    }

    pub(super) fn with_credentials(&self, renewal: Renewal) -> Self {
        self.rebuilt(|shared| {
            let mut config = shared.config.to_builder();
            config.set_credentials_provider(renewal.provider());
            shared.config = config.build();
            shared.renewal = renewal;
        })
    }

    pub(super) fn called_by(self, principal: String) -> Self {
        let account = principal.split(':').nth(4).filter(|account| !account.is_empty());
        let account = account.unwrap_or(&self.scope.account).to_owned();
        Self { scope: Scope { account, principal, ..self.scope.clone() }, ..self }
    }

    /// Repeats a call while it fails in a way that passes, for as long as a new thing may take to be
    /// known everywhere.
    pub(in crate::aws) async fn patiently<T, F>(
        &self,
        passes: impl Fn(&CallError) -> bool + Send,
        call: impl FnMut() -> F + Send,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        self.for_up_to(SETTLES.min(self.shared.patience.deadline), passes, call).await
    }

    /// The same with a time of its own, for what takes longer.
    pub(in crate::aws) async fn for_up_to<T, F>(
        &self,
        longest: Duration,
        passes: impl Fn(&CallError) -> bool + Send,
        mut call: impl FnMut() -> F + Send,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        let patience = self.shared.patience;
        let (started, mut pause) = (Instant::now(), patience.first);
        loop {
            match call().await {
                Err(e) if passes(&e) && started.elapsed() + pause < longest => {
                    sleep(pause).await;
                    pause = (pause * 2).min(patience.longest);
                }
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::{Patience, World},
    };

    const KEY: &str = "AKIAI44QH8DHBEXAMPLE";
    const ROLE: &str = "arn:aws:iam::123456789012:role/backburn/attacker";

    fn brief(replay: &Replay) -> Aws {
        let ms = Duration::from_millis;
        let patience =
            Patience { first: ms(5), longest: ms(10), deadline: ms(100), ..Patience::default() };
        aws(replay).with_patience(patience)
    }

    fn caller(name: &str) -> String {
        format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/{name}</Arn>\
             <UserId>AIDA1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
    }

    fn refusal(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )
    }

    fn assumed() -> String {
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:s</AssumedRoleId>\
         <Arn>arn:aws:sts::123456789012:assumed-role/attacker/s</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>ASIAI44QH8DHBEXAMPLE</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
            .into()
    }

    #[tokio::test]
    async fn a_key_of_another_process_is_refused_with_what_to_do() {
        let replay = Replay::default();
        let error = brief(&replay).as_access_key(KEY).await.expect_err("unknown");
        assert_eq!(error.class, Class::Invalid);
        assert!(error.message.ends_with("release this drill and run it again"), "{error}");
        assert!(replay.actions().is_empty());
    }

    #[tokio::test]
    async fn a_new_key_is_waited_for_once_and_shared_between_clones() {
        let replay = Replay::default()
            .answer("GetCallerIdentity", 403, &refusal("InvalidClientTokenId"))
            .xml("GetCallerIdentity", &caller("leaky"));
        let aws = brief(&replay);
        aws.with_run("01RUN").in_region("eu-west-1").remember_secret(KEY, "wJalrXUtnFEMI");
        for _ in 0..2 {
            let theirs = aws.as_access_key(KEY).await.expect("accepted at last");
            assert_eq!(theirs.scope().principal, "arn:aws:iam::123456789012:user/leaky");
        }
        assert_eq!(replay.actions().len(), 2, "asked until it was accepted, then no more");
        assert!(replay.seen().iter().all(|seen| seen.signed_by == KEY), "{:?}", replay.seen());
        let shown = format!("{:?}", aws.as_access_key(KEY).await.expect("known"));
        assert!(!shown.contains("wJalr") && shown.contains("user/leaky"), "{shown}");
    }

    #[tokio::test]
    async fn a_key_that_is_never_accepted_is_an_error() {
        let refused = refusal("InvalidClientTokenId");
        let replay = Replay::default().answer("GetCallerIdentity", 403, &refused);
        let aws = brief(&replay);
        aws.remember_secret(KEY, "secret");
        let error = aws.as_access_key(KEY).await.expect_err("never");
        assert_eq!(error.class, Class::Expired);
        assert!(replay.actions().len() > 2);
    }

    #[tokio::test]
    async fn a_new_role_is_waited_for_and_its_session_signs() {
        let replay = Replay::default()
            .answer("AssumeRole", 403, &refusal("AccessDenied"))
            .xml("AssumeRole", &assumed())
            .xml("GetCallerIdentity", &caller("x"));
        let aws = brief(&replay).with_run("01RUN");
        let theirs = aws.as_role(ROLE, &session_name("01RUN", "attack[0]")).await.expect("assumed");
        let principal = &theirs.scope().principal;
        assert_eq!(principal, "arn:aws:sts::123456789012:assumed-role/attacker/s");
        assert_eq!(theirs.made_from(), [aws.scope().principal.clone()]);
        assert!(aws.made_from().is_empty());
        let body = &replay.seen()[1].body;
        assert!(body.contains("RoleSessionName=backburn-01RUN-attack-0"), "{body}");
        theirs.sts().get_caller_identity().send().await.expect("answered");
        let last = replay.seen().pop().expect("a call");
        assert_eq!(last.signed_by, "ASIAI44QH8DHBEXAMPLE");
        assert!(last.user_agent.contains("app/backburn-01RUN"), "{}", last.user_agent);
        assert!(!format!("{theirs:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn a_standing_role_is_asked_for_once_with_its_external_id() {
        let denied = Replay::default().answer("AssumeRole", 403, &refusal("AccessDenied"));
        let error =
            brief(&denied).as_standing_role(ROLE, "s", Some("42")).await.expect_err("denied");
        assert_eq!((error.class, denied.actions().len()), (Class::Denied, 1));
        let replay = Replay::default().xml("AssumeRole", &assumed());
        brief(&replay).as_standing_role(ROLE, "s", Some("42")).await.expect("assumed");
        let body = &replay.seen()[0].body;
        assert!(body.contains("ExternalId=42"), "{body}");
    }

    #[tokio::test]
    async fn a_role_that_may_not_be_assumed_is_denied_in_the_end() {
        let replay = Replay::default().answer("AssumeRole", 403, &refusal("AccessDenied"));
        let error = brief(&replay).as_role(ROLE, "s").await.expect_err("denied");
        assert_eq!((error.class, error.call.as_str()), (Class::Denied, ASSUME_ROLE.action));
    }

    #[test]
    fn session_names_carry_the_run_within_what_sts_takes() {
        let run = "01JDXYZ0123456789ABCDEFGHJ";
        let name = session_name(run, "attack[3]");
        assert_eq!(name, format!("backburn-{run}-attack-3"));
        assert_eq!(session_name(run, &"x".repeat(99)).len(), 64);
    }
}
