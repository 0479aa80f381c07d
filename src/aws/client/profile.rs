//! The profile that was asked for by name, and profiles whose role wants a code. Owns that such a profile goes before
//! the environment, that one which does not exist is refused, and how a code of `mfa_serial` is asked for.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html> (`mfa_serial`: the
//! page counts Rust among those that read it, but nothing in `aws-config` does), <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html> (SerialNumber, TokenCode)

use std::{fmt, path::PathBuf, sync::Arc, time::SystemTime};

use aws_config::{
    Region, SdkConfig,
    ecs::EcsCredentialsProvider,
    imds::credentials::ImdsCredentialsProvider,
    meta::credentials::CredentialsProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileSet},
    provider_config::ProviderConfig,
};
use aws_runtime::env_config::EnvConfigValue;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use futures::future::BoxFuture;

use super::{CONNECT, Endpoints};
use crate::{
    aws::call_error,
    engine::{CallError, Class},
};

const ASSUME: &str = "sts:AssumeRole";

/// Asks a person for the present code of a device, which is named; none where nobody can be asked.
#[derive(Clone)]
pub struct AskCode(pub Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>);

impl fmt::Debug for AskCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskCode")
    }
}

/// The config files, as the SDK reads them.
pub(super) struct Files {
    set: ProfileSet,
    /// A profile was asked for by name.
    asked: bool,
}

impl Files {
    /// # Errors
    /// A profile was asked for by name, and the files cannot be read or do not have it.
    pub(super) async fn read(asked: Option<&str>) -> Result<Self, CallError> {
        let name = asked.map(|name| name.to_owned().into());
        #[allow(deprecated, reason = "the type's new home is a crate that only the SDK uses")]
        let files = aws_config::profile::profile_file::ProfileFiles::default();
        let set = aws_config::profile::load(&Fs::real(), &Env::real(), &files, name).await;
        let invalid = |text: String| CallError::local(CONNECT, Class::Invalid, text);
        let set = match (set, asked) {
            (Ok(set), _) => set,
            // The SDK warns of it, and goes on without them.
            (Err(_), None) => ProfileSet::default(),
            (Err(e), Some(name)) => {
                return Err(invalid(format!("profile `{name}` cannot be read: {e}")));
            }
        };
        if let Some(name) = asked
            && set.get_profile(name).is_none()
        {
            let mut known: Vec<_> = set.profiles().collect();
            known.sort_unstable();
            let known = match known.is_empty() {
                true => "there are no profiles".to_owned(),
                false => format!("the profiles are {}", known.join(", ")),
            };
            return Err(invalid(format!(
                "there is no profile `{name}` in the AWS config files; {known}"
            )));
        }
        Ok(Self { set, asked: asked.is_some() })
    }

    /// The profile that was asked for by name.
    pub(super) fn asked(&self) -> Option<&ProfileSet> {
        self.asked.then_some(&self.set)
    }

    /// The Region of a profile that was asked for by name.
    pub(super) fn region(&self) -> Option<Region> {
        self.asked()?.get("region").map(|region| Region::new(region.to_owned()))
    }

    /// The file of trusted certificate authorities: `AWS_CA_BUNDLE`, or the profile's `ca_bundle`. A path; unlike some
    /// SDKs, nothing is searched for in `PATH`.
    pub(super) fn ca_bundle(&self) -> Option<PathBuf> {
        let value = EnvConfigValue::new().env("AWS_CA_BUNDLE").profile("ca_bundle");
        let env = Env::real();
        let (path, _) = value.load(&env, Some(&self.set))?;
        (!path.is_empty()).then(|| PathBuf::from(path.as_ref()))
    }

    /// The profile or one that it leads to wants the code of a device.
    fn wants_code(&self) -> bool {
        self.chain().iter().any(|name| self.of(name, "mfa_serial").is_some())
    }

    /// The profile and those that it takes its credentials from: the first after it that has keys of its own ends it.
    fn chain(&self) -> Vec<&str> {
        let mut chain = vec![self.set.selected_profile()];
        while let Some(last) = chain.last()
            && self.of(last, "role_arn").is_some()
            && let Some(next) = self.of(last, "source_profile")
            && (chain.len() == 1 || self.of(last, "aws_access_key_id").is_none())
            && !chain.contains(&next)
        {
            chain.push(next);
        }
        chain
    }

    fn of(&self, profile: &str, key: &str) -> Option<&str> {
        self.set.get_profile(profile)?.get(key)
    }

    /// Where the credentials come from, unless that is left to the SDK's chain: a profile that was asked for by name
    /// goes before keys in the environment, and one whose role wants a code is beyond the SDK.
    ///
    /// # Errors
    /// A code is wanted and nobody can be asked, or STS does not take it.
    pub(super) async fn credentials(
        &self,
        config: &SdkConfig,
        http: &SharedHttpClient,
        ask: Option<&AskCode>,
    ) -> Result<Option<SharedCredentialsProvider>, CallError> {
        // Keys in the environment go before a profile that nobody asked for by name.
        let keys = || Env::real().get("AWS_ACCESS_KEY_ID").is_ok_and(|id| !id.trim().is_empty());
        if !self.asked && (keys() || !self.wants_code()) {
            return Ok(None);
        }
        let from = Sources { files: self, config, http, ask };
        let chain = self.chain();
        match self.wants_code() {
            false => Ok(Some(from.profile(chain[0]))),
            true => from.with_code(&chain).await.map(Some),
        }
    }
}

struct Sources<'a> {
    files: &'a Files,
    config: &'a SdkConfig,
    http: &'a SharedHttpClient,
    ask: Option<&'a AskCode>,
}

impl Sources<'_> {
    /// The SDK's own providers, for a profile.
    fn profile(&self, name: &str) -> SharedCredentialsProvider {
        let config = ProviderConfig::without_region()
            .with_region(self.config.region().cloned())
            .with_http_client(self.http.clone());
        let provider =
            ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build();
        // A profile may have a Region only: then the machine's own role, but never keys in the environment.
        let chain = CredentialsProviderChain::first_try("Profile", provider)
            .or_else("Container", EcsCredentialsProvider::builder().configure(&config).build())
            .or_else("Instance", ImdsCredentialsProvider::builder().configure(&config).build());
        SharedCredentialsProvider::new(chain)
    }

    /// Role by role, from the last profile of the chain on.
    async fn with_code(&self, chain: &[&str]) -> Result<SharedCredentialsProvider, CallError> {
        let (last, roles) = chain.split_last().map_or(("default", &[][..]), |(l, r)| (*l, r));
        // Where the last one has a role itself, it is assumed from its own source.
        let (mut keys, roles) = match self.files.of(last, "role_arn") {
            Some(_) if self.files.of(last, "mfa_serial").is_some() => {
                return Err(CallError::local(
                    ASSUME,
                    Class::Invalid,
                    format!(
                        "profile `{last}` has `mfa_serial`, which needs a `source_profile` with the keys of the user whose device it is"
                    ),
                ));
            }
            _ => (self.profile(last), roles),
        };
        for name in roles.iter().rev() {
            let session = self.assume(name, keys).await?;
            keys = SharedCredentialsProvider::new(session);
        }
        Ok(keys)
    }

    async fn assume(
        &self,
        profile: &str,
        keys: SharedCredentialsProvider,
    ) -> Result<Credentials, CallError> {
        let of = |key: &str| self.files.of(profile, key).map(str::to_owned);
        let own = self.config.to_builder().credentials_provider(keys).build();
        let endpoint = Endpoints::of(&own, self.files.asked());
        let mut builder = aws_sdk_sts::config::Builder::from(&own);
        builder.set_endpoint_url(endpoint.url("sts").map(str::to_owned));
        let session = of("role_session_name").unwrap_or_else(|| "backburn".into());
        let mut call = aws_sdk_sts::Client::from_conf(builder.build())
            .assume_role()
            .set_role_arn(of("role_arn"))
            .role_session_name(session)
            .set_external_id(of("external_id"))
            .set_duration_seconds(of("duration_seconds").and_then(|text| text.parse().ok()));
        if let Some(serial) = of("mfa_serial") {
            let code = self.code(profile, &serial).await?;
            call = call.serial_number(serial).token_code(code);
        }
        let answer = call.send().await.map_err(|e| call_error(ASSUME, e))?;
        let given = answer
            .credentials
            .ok_or_else(|| CallError::local(ASSUME, Class::Unknown, "brings no credentials"))?;
        let until = SystemTime::try_from(given.expiration).ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            until,
            "backburn",
        ))
    }

    async fn code(&self, profile: &str, serial: &str) -> Result<String, CallError> {
        let nobody = || {
            CallError::local(
                ASSUME,
                Class::Invalid,
                format!(
                    "profile `{profile}` wants the code of the device `{serial}`, and nobody can be asked for it here; run it on a terminal, or make a session first (`aws sts get-session-token --serial-number {serial} --token-code CODE`) and give its keys"
                ),
            )
        };
        let ask = self.ask.ok_or_else(nobody)?;
        let code = (ask.0)(format!("Code of {serial} for profile {profile}: ")).await;
        code.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).ok_or_else(nobody)
    }
}
