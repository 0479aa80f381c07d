//! Clients for one account, one per service and Region, made when first used and shared. Owns how
//! the program connects (profile, Region, endpoint, retries, timeouts, app name); which calls are
//! made is the business of the services.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{
    AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::defaults::default_http_client_plugin_v2;
use aws_smithy_runtime_api::client::{
    http::SharedHttpClient, runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::RuntimePlugin,
};
use jiff::Timestamp;

mod clients;
mod principal;

use super::{
    attempts,
    belts::Belts,
    call_error,
    clock::Clock,
    gate::Gate,
    guard,
    pacing::Pacer,
    renewal::{Renewal, Renews, Source},
    thing::Thing,
};
use crate::engine::{CallError, Class, Patience, Scope, StepError, Touch, World};
use clients::Clients;
pub(crate) use clients::client;
use principal::Secrets;
pub use principal::session_name;

const CONNECT: &str = "sts:GetCallerIdentity";

/// How to reach an account. Fields that are `None` come from the standard environment variables and
/// config files: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
    /// Calls may go to an endpoint that is neither AWS's nor on this machine.
    pub allow_remote_endpoint: bool,
    /// Access key id and secret, instead of what the environment and the files have: the lab's.
    pub keys: Option<(String, String)>,
    /// The run that calls are made for, see [`Aws::with_run`].
    pub run: Option<String>,
    /// How to hurry if the endpoint is on this machine; ignored anywhere else.
    pub haste: Option<Haste>,
}

/// Shorter patience, for many runs against a lab.
#[derive(Clone, Copy, Debug)]
pub struct Haste {
    /// For one attempt of one call; `None` leaves the usual one.
    pub attempt: Option<Duration>,
    pub patience: Patience,
}

/// One account as one principal sees it, in one Region. Cheap to clone; shown without credentials.
#[derive(Clone)]
pub struct Aws {
    shared: Arc<Shared>,
    scope: Scope,
    clients: Arc<Clients>,
}

/// What every client is made from.
pub(in crate::aws) struct Parts {
    pub config: SdkConfig,
    pub gate: Gate,
    pub clock: Clock,
    pub attempts: attempts::Attempts,
    pub guard: guard::Guard,
}

struct Shared {
    config: SdkConfig,
    allow_remote: bool,
    clock: Clock,
    pacer: Pacer,
    renewal: Renewal,
    patience: Patience,
    secrets: Secrets,
    belts: Option<Arc<Belts>>,
    regions: Mutex<HashMap<String, Arc<Clients>>>,
}

impl Aws {
    /// Loads the configuration and asks AWS who is calling.
    ///
    /// # Errors
    /// No Region is configured, the endpoint is remote and not allowed (both `Class::Invalid`), or
    /// AWS does not report who is calling.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, CallError> {
        let config = loader(options).load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(CallError::local(
                CONNECT,
                Class::Invalid,
                "no Region is configured; give `--region`, set `AWS_REGION`, or put `region` into the profile",
            ));
        };
        if let Some(url) = config.endpoint_url() {
            guard::check(url, options.allow_remote_endpoint)
                .map_err(|text| CallError::local(CONNECT, Class::Invalid, text))?;
        }
        let haste = options.haste.filter(|_| config.endpoint_url().is_some_and(guard::is_local));
        let config = match haste.and_then(|haste| haste.attempt) {
            Some(attempt) => config
                .to_builder()
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(Duration::from_secs(5))
                        .operation_attempt_timeout(attempt)
                        .build(),
                )
                .build(),
            None => config,
        };
        let unknown = Scope { account: String::new(), region, principal: String::new() };
        let (renews, source) = match &options.keys {
            Some(_) => (Renews::Never, None),
            None => (Renews::Always, Some(source(options.clone()))),
        };
        let renewal = Renewal::new(config.credentials_provider(), renews, source);
        let aws = Self::make(config, unknown, options.allow_remote_endpoint, renewal);
        let who =
            aws.sts().get_caller_identity().send().await.map_err(|e| call_error(CONNECT, e))?;
        let (Some(account), Some(principal)) = (who.account, who.arn) else {
            return Err(CallError::local(
                CONNECT,
                Class::Unknown,
                "names no account and principal",
            ));
        };
        let scope = Scope { account, principal, region: aws.scope.region.clone() };
        let aws = Self { scope, ..aws };
        Ok(haste.map_or_else(|| aws.clone(), |haste| aws.with_patience(haste.patience)))
    }

    /// An account that is already known; for tests.
    pub fn from_config(config: SdkConfig, scope: Scope) -> Self {
        let renewal = Renewal::new(config.credentials_provider(), Renews::Always, None);
        Self::make(config, scope, false, renewal)
    }

    fn make(config: SdkConfig, scope: Scope, allow_remote: bool, renewal: Renewal) -> Self {
        let is_local = config.endpoint_url().is_some_and(guard::is_local);
        let shared = Shared {
            config: by_the_wire(config),
            allow_remote,
            clock: Clock::default(),
            pacer: Pacer::new(is_local),
            renewal,
            patience: Patience::default(),
            secrets: Secrets::default(),
            belts: None,
            regions: Mutex::default(),
        };
        Self::at(Arc::new(shared), scope)
    }

    fn at(shared: Arc<Shared>, scope: Scope) -> Self {
        let clients = {
            let mut regions = shared.regions.lock().unwrap_or_else(PoisonError::into_inner);
            regions.entry(scope.region.clone()).or_default().clone()
        };
        Self { shared, scope, clients }
    }

    fn rebuilt(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = Shared {
            config: self.shared.config.clone(),
            allow_remote: self.shared.allow_remote,
            clock: self.shared.clock.clone(),
            pacer: self.shared.pacer.clone(),
            renewal: self.shared.renewal.clone(),
            patience: self.shared.patience,
            secrets: self.shared.secrets.clone(),
            belts: self.shared.belts.clone(),
            regions: Mutex::default(),
        };
        change(&mut shared);
        Self::at(Arc::new(shared), self.scope.clone())
    }

    /// The same account for one run: every call carries `app/backburn-<run>` in its user agent,
    /// by which CloudTrail's `userAgent` attributes it.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html>
    pub fn with_run(&self, run: &str) -> Self {
        self.rebuilt(|shared| {
            let config = shared.config.to_builder().app_name(app_name(Some(run)));
            shared.config = config.build();
        })
    }

    /// The same account, read back with another patience.
    pub fn with_patience(&self, patience: Patience) -> Self {
        self.rebuilt(|shared| shared.patience = patience)
    }

    /// The same account with a run's belts on: asked before each change and operation.
    pub fn with_belts(&self, belts: Arc<Belts>) -> Self {
        self.rebuilt(|shared| shared.belts = Some(belts))
    }

    /// The custom endpoint, where one is configured for all services.
    pub fn endpoint(&self) -> Option<&str> {
        self.shared.config.endpoint_url()
    }

    /// For the one request that is signed outside the SDK.
    pub(crate) fn credentials(&self) -> Option<aws_sdk_ec2::config::SharedCredentialsProvider> {
        self.shared.renewal.provider()
    }

    /// `aws`, `aws-cn` or `aws-us-gov`, as the caller's ARN has it.
    pub fn partition(&self) -> &str {
        self.scope.principal.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws")
    }

    /// Whether calls go to an endpoint on this machine.
    pub fn is_local(&self) -> bool {
        self.endpoint().is_some_and(guard::is_local)
    }

    fn gate(&self) -> Gate {
        let (pacer, renewal) = (self.shared.pacer.clone(), self.shared.renewal.clone());
        Gate { pacer, renewal, account: self.scope.account.clone() }
    }

    /// A client of this Region, made from these parts when it is first asked for.
    pub(in crate::aws) fn client<T: Any + Clone + Send + Sync>(
        &self,
        make: impl FnOnce(Parts) -> T,
    ) -> T {
        self.clients.get(|| {
            make(Parts {
                config: self.config(),
                gate: self.gate(),
                clock: self.shared.clock.clone(),
                attempts: attempts::Attempts,
                guard: guard::Guard { allow_remote: self.shared.allow_remote },
            })
        })
    }

    fn config(&self) -> SdkConfig {
        let region = Region::new(self.scope.region.clone());
        self.shared.config.to_builder().region(region).build()
    }
}

fn loader(options: &ConnectOptions) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .app_name(app_name(options.run.as_deref()))
        .retry_config(RetryConfig::standard().with_max_attempts(6))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_secs(30))
                .build(),
        );
    if let Some(client) = http_client() {
        loader = loader.http_client(client);
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some((id, secret)) = &options.keys {
        let keys = Credentials::new(id, secret, None, None, "backburn");
        loader = loader.credentials_provider(SharedCredentialsProvider::new(keys));
    }
    loader
}

/// The SDK's own, once: each client would make one for itself, with connections, handshakes and a copy
/// of the system's certificates of its own.
fn http_client() -> Option<SharedHttpClient> {
    let plugin = default_http_client_plugin_v2(BehaviorVersion::latest())?;
    plugin.runtime_components(&RuntimeComponentsBuilder::new("backburn")).http_client()
}

/// The files of the profile are read once by a chain of providers, so a new one is made.
fn source(options: ConnectOptions) -> Source {
    Arc::new(move || {
        let options = options.clone();
        Box::pin(async move { loader(&options).load().await.credentials_provider() })
    })
}

/// The time of an attempt counts from when it is sent: an attempt may wait for AWS's rate before that.
fn by_the_wire(config: SdkConfig) -> SdkConfig {
    let Some(timeouts) = config.timeout_config() else { return config };
    let Some(attempt) = timeouts.operation_attempt_timeout() else { return config };
    let mut timeouts = timeouts.to_builder();
    timeouts.set_operation_attempt_timeout(None).set_read_timeout(Some(attempt));
    config.to_builder().timeout_config(timeouts.build()).build()
}

impl World for Aws {
    type Thing = Thing;

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn in_region(&self, region: &str) -> Self {
        Self::at(self.shared.clone(), Scope { region: region.into(), ..self.scope.clone() })
    }

    /// Local time corrected by the `Date` header of AWS's last answer; asks for one when there was
    /// none yet.
    async fn now(&self) -> Result<Timestamp, CallError> {
        if !self.shared.clock.has_seen() {
            let call = self.sts().get_caller_identity().send().await;
            call.map_err(|e| call_error(CONNECT, e))?;
        }
        Ok(self.shared.clock.now())
    }

    fn patience(&self) -> Patience {
        self.shared.patience
    }

    async fn allows(&self, touch: &Touch<'_, Thing>) -> Result<(), StepError> {
        match &self.shared.belts {
            Some(belts) => belts.allows(self, touch).await,
            None => Ok(()),
        }
    }
}

fn app_name(run: Option<&str>) -> AppName {
    let own = || AppName::new("backburn").expect("letters only");
    run.map_or_else(own, |run| AppName::new(format!("backburn-{run}")).unwrap_or_else(|_| own()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn calls_carry_the_run_and_go_to_the_region() {
        let replay = Replay::default().xml(
            "GetCallerIdentity",
            "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>",
        );
        let aws = aws(&replay).with_run("01RUN").in_region("eu-west-1");
        aws.sts().get_caller_identity().send().await.expect("a canned answer");
        let seen = replay.seen();
        assert!(seen[0].user_agent.contains("app/backburn-01RUN"), "{}", seen[0].user_agent);
        assert!(seen[0].uri.contains("eu-west-1"), "{}", seen[0].uri);
        assert_eq!(aws.scope().region, "eu-west-1");
    }

    #[tokio::test]
    async fn a_remote_endpoint_needs_consent() {
        let options = ConnectOptions {
            region: Some("us-east-1".into()),
            endpoint_url: Some("https://aws.example.com".into()),
            ..ConnectOptions::default()
        };
        let error = Aws::connect(&options).await.expect_err("a refusal");
        assert_eq!(error.class, Class::Invalid);
        assert!(error.message.contains("--allow-remote-endpoint"), "{error}");
    }

    #[tokio::test]
    async fn all_clients_share_their_connections() {
        let options = ConnectOptions {
            region: Some("us-east-1".into()),
            keys: Some(("AKIAIOSFODNN7EXAMPLE".into(), "secret".into())),
            ..ConnectOptions::default()
        };
        let config = loader(&options).load().await;
        assert!(config.http_client().is_some(), "where it is none, each client makes its own");
    }
}
