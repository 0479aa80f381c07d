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
use jiff::Timestamp;

mod answers;
mod clients;
mod endpoints;
mod http;
mod principal;
mod profile;
mod stolen;

use super::{
    attempts,
    belts::Belts,
    call_error,
    clock::Clock,
    gate::Gate,
    guard::{self, Place},
    pacing::Pacer,
    partition,
    renewal::{Renewal, Renews, Source},
    thing::Thing,
};
use crate::engine::{CallError, Class, Patience, Scope, StepError, Touch, World};
use clients::Clients;
pub(crate) use clients::client;
pub(in crate::aws) use endpoints::SERVICES;
pub use endpoints::{Endpoints, Used};
use principal::Secrets;
pub use principal::{ASSUME_ROLE, session_name};
pub use profile::AskCode;
use profile::Files;
pub use stolen::Session;

const CONNECT: &str = "sts:GetCallerIdentity";
/// Holds calls to AWS's published rates at an endpoint on this machine, too, from the first one on.
const PACED: &str = "BACKBURN_LAB_PACED";

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
    /// How to hurry if every endpoint is on this machine; ignored anywhere else.
    pub haste: Option<Haste>,
    /// Asks for the code of a profile's `mfa_serial`.
    pub ask_code: Option<AskCode>,
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
    /// Of the service that the client is of; none is AWS's own.
    pub endpoint: Option<String>,
}

struct Shared {
    config: SdkConfig,
    endpoints: Endpoints,
    allow_remote: bool,
    clock: Clock,
    pacer: Pacer,
    renewal: Renewal,
    patience: Patience,
    secrets: Secrets,
    belts: Option<Arc<Belts>>,
    /// ARNs of those by whom this program assumed the role that calls, the first one first.
    made_from: Vec<String>,
    /// The session that calls, where it was taken once.
    session: Option<Session>,
    regions: Mutex<HashMap<String, Arc<Clients>>>,
}

impl Aws {
    /// The endpoint on this machine that the options or the environment name, if nothing answers there.
    pub async fn silent(options: &ConnectOptions) -> Option<String> {
        answers::silent(options).await
    }

    /// Loads the configuration and asks AWS who is calling.
    ///
    /// # Errors
    /// `Class::Invalid`: no Region is configured, there is no such profile, a file that is named cannot be read, or an
    /// endpoint is remote and not allowed. Or AWS does not report who is calling.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, CallError> {
        let (config, endpoints) = load(options).await?;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(CallError::local(
                CONNECT,
                Class::Invalid,
                "no Region is configured; give `--region`, set `AWS_REGION`, or put `region` into the profile",
            ));
        };
        endpoints
            .check(options.allow_remote_endpoint)
            .map_err(|text| CallError::local(CONNECT, Class::Invalid, text))?;
        // A profile may name an endpoint, too: before anybody looks for credentials.
        if let Some(url) = endpoints.url("sts")
            && answers::is_silent(url).await
        {
            let text = format!("nothing answers at {url}");
            return Err(CallError::local(CONNECT, Class::Unreachable, text));
        }
        let haste = options.haste.filter(|_| endpoints.all_here());
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
        let aws = Self::make(config, endpoints, unknown, options.allow_remote_endpoint, renewal);
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
        let endpoints = Endpoints::of(&config, None);
        Self::make(config, endpoints, scope, false, renewal)
    }

    fn make(
        config: SdkConfig,
        endpoints: Endpoints,
        scope: Scope,
        allow_remote: bool,
        renewal: Renewal,
    ) -> Self {
        // A lab answers as fast as it can, unless somebody wants to see how AWS's rate is met.
        let is_paced = std::env::var_os(PACED).is_some_and(|value| value == "1");
        let is_local = endpoints.all_here() && !is_paced;
        let shared = Shared {
            config: by_the_wire(config),
            endpoints,
            allow_remote,
            clock: Clock::default(),
            pacer: Pacer::new(is_local),
            renewal,
            patience: Patience::default(),
            secrets: Secrets::default(),
            belts: None,
            made_from: Vec::new(),
            session: None,
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
            endpoints: self.shared.endpoints.clone(),
            allow_remote: self.shared.allow_remote,
            clock: self.shared.clock.clone(),
            pacer: self.shared.pacer.clone(),
            renewal: self.shared.renewal.clone(),
            patience: self.shared.patience,
            secrets: self.shared.secrets.clone(),
            belts: self.shared.belts.clone(),
            made_from: self.shared.made_from.clone(),
            session: self.shared.session,
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

    /// Where the calls of each service go.
    pub fn endpoints(&self) -> &Endpoints {
        &self.shared.endpoints
    }

    /// The custom endpoint, where all services have the same.
    pub fn endpoint(&self) -> Option<&str> {
        self.shared.endpoints.common()
    }

    /// Whether the calls of a service (`ec2`) go to AWS itself.
    pub fn is_aws(&self, service: &str) -> bool {
        self.shared.endpoints.place(service) == Place::Aws
    }

    /// Whether the calls of a service go to this machine.
    pub fn is_here(&self, service: &str) -> bool {
        self.shared.endpoints.place(service) == Place::Here
    }

    /// For the one request that is signed outside the SDK.
    pub(crate) fn credentials(&self) -> Option<aws_sdk_ec2::config::SharedCredentialsProvider> {
        self.shared.renewal.provider()
    }

    /// `aws`, `aws-cn` and so on, as the caller's ARN has it.
    pub fn partition(&self) -> &str {
        partition::of_arn(&self.scope.principal)
    }

    /// Whether the calls of every service go to this machine.
    pub fn is_local(&self) -> bool {
        self.shared.endpoints.all_here()
    }

    fn gate(&self) -> Gate {
        let (pacer, renewal) = (self.shared.pacer.clone(), self.shared.renewal.clone());
        Gate { pacer, renewal, account: self.scope.account.clone() }
    }

    /// A client of this Region and of this SDK crate, made from these parts when it is first asked for.
    pub(in crate::aws) fn client<T: Any + Clone + Send + Sync>(
        &self,
        sdk: &str,
        make: impl FnOnce(Parts) -> T,
    ) -> T {
        let name = sdk.trim_start_matches("aws_sdk_");
        let service = if name == "eventbridge" { "events" } else { name };
        // One that is not listed would go to AWS whatever was configured.
        assert!(Endpoints::knows(service), "`{service}` has no entry");
        self.clients.get(|| {
            let endpoint = self.shared.endpoints.url(service).map(str::to_owned);
            make(Parts {
                config: self.config(),
                gate: self.gate(),
                clock: self.shared.clock.clone(),
                attempts: attempts::Attempts,
                guard: guard::Guard {
                    allow_remote: self.shared.allow_remote,
                    custom: endpoint.clone(),
                },
                endpoint,
            })
        })
    }

    /// What all clones of this one share in this Region, such as reads that are gathered into one call.
    pub(in crate::aws) fn shared<T: Any + Clone + Default + Send + Sync>(&self) -> T {
        self.clients.get(T::default)
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

/// The configuration, and where the calls of each service go.
async fn load(options: &ConnectOptions) -> Result<(SdkConfig, Endpoints), CallError> {
    let files = Files::read(options.profile.as_deref()).await?;
    // The lab's own keys go with nothing of the user's.
    let bundle = files.ca_bundle().filter(|_| options.keys.is_none());
    let http = http::client(bundle.as_deref())
        .map_err(|text| CallError::local(CONNECT, Class::Invalid, text))?;
    let mut loader = loader(options).http_client(http.clone());
    if options.region.is_none()
        && let Some(region) = files.region()
    {
        loader = loader.region(region);
    }
    let config = loader.load().await;
    let config = match options.keys {
        Some(_) => config,
        None => match files.credentials(&config, &http, options.ask_code.as_ref()).await? {
            Some(keys) => config.to_builder().credentials_provider(keys).build(),
            None => config,
        },
    };
    let endpoints = Endpoints::of(&config, files.asked());
    Ok((config, endpoints))
}

/// The files of the profile are read once by a chain of providers, so a new one is made.
fn source(options: ConnectOptions) -> Source {
    Arc::new(move || {
        let options = options.clone();
        Box::pin(async move {
            match load(&options).await {
                Ok((config, _)) => config.credentials_provider(),
                Err(error) => {
                    tracing::warn!("the credentials cannot be reloaded: {error}");
                    None
                }
            }
        })
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

    async fn made(&self, things: Vec<Thing>) {
        if let Some(belts) = &self.shared.belts {
            belts.made(&self.scope().region, &things).await;
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
        let (config, _) = load(&options).await.expect("a configuration");
        assert!(config.http_client().is_some(), "where it is none, each client makes its own");
    }
}
