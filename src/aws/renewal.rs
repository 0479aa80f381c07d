//! The credentials that calls are signed with, reloaded when AWS refuses them. Owns when that is
//! worth a try and how often; an answer that refuses them is recognised in `gate`.
//!
//! A refusal discards what is cached, at most once in three seconds, and asks the source again: the
//! profile's files, its `credential_process`, the SSO session. The call is repeated with the result.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_config::identity::IdentityCache;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider, SharedIdentityCache};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        identity::{Identity, ResolveCachedIdentity, SharedIdentityResolver},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use futures::future::BoxFuture;
use tokio::time::Instant;

/// Between two reloads.
const PAUSE: Duration = Duration::from_secs(3);

/// Rebuilds the source of the credentials, which makes it read its files again.
pub(super) type Source =
    Arc<dyn Fn() -> BoxFuture<'static, Option<SharedCredentialsProvider>> + Send + Sync>;

/// Which refusals are worth asking the source again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renews {
    /// Keys that were given: there is no source for others, so a refusal is final.
    Never,
    /// An expired session. One that is refused for another reason was revoked on purpose.
    WhenOver,
    Always,
}

/// Shared by the clients of one principal.
#[derive(Clone)]
pub(super) struct Renewal(Arc<Shared>);

struct Shared {
    renews: Renews,
    source: Option<Source>,
    state: Mutex<State>,
    /// One reload at a time; the generation that it made.
    reloading: tokio::sync::Mutex<u64>,
}

struct State {
    generation: u64,
    cache: SharedIdentityCache,
    provider: Option<SharedCredentialsProvider>,
    renewed: Option<Instant>,
    /// AWS has answered something else than a refusal to these credentials or those before.
    accepted: bool,
    /// Access key and session token that were last signed with, and in which generation they came.
    last: Option<(u64, String, Option<String>)>,
    /// The last reload brought what had been refused.
    same: bool,
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("renews", &self.0.renews).finish_non_exhaustive()
    }
}

impl Renewal {
    pub(super) fn new(
        provider: Option<SharedCredentialsProvider>,
        renews: Renews,
        source: Option<Source>,
    ) -> Self {
        let state = State {
            generation: 0,
            cache: IdentityCache::lazy().build(),
            provider,
            renewed: None,
            accepted: false,
            last: None,
            same: false,
        };
        let reloading = tokio::sync::Mutex::new(0);
        Self(Arc::new(Shared { renews, source, state: Mutex::new(state), reloading }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the one request that is signed outside the SDK.
    pub(super) fn provider(&self) -> Option<SharedCredentialsProvider> {
        self.state().provider.clone()
    }

    /// Counts the reloads: a call remembers it, so that a refusal of older credentials makes none.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    pub(super) async fn identity(
        &self,
        given: SharedIdentityResolver,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<Identity, BoxError> {
        self.reload().await;
        let (generation, cache, provider) = {
            let state = self.state();
            (state.generation, state.cache.clone(), state.provider.clone())
        };
        let resolver = provider.map_or(given, SharedIdentityResolver::new);
        let identity = cache.resolve_cached_identity(resolver, components, config).await?;
        if let Some(keys) = identity.data::<Credentials>() {
            self.signs(generation, keys);
        }
        Ok(identity)
    }

    /// Rebuilds the source after a refusal requested it.
    async fn reload(&self) {
        let Some(source) = &self.0.source else { return };
        let wanted = self.generation();
        let mut made = self.0.reloading.lock().await;
        if *made >= wanted {
            return;
        }
        let provider = source().await;
        *made = wanted;
        if provider.is_some() {
            self.state().provider = provider;
        }
    }

    fn signs(&self, generation: u64, keys: &Credentials) {
        let mut state = self.state();
        let (id, token) = (keys.access_key_id(), keys.session_token());
        let same =
            state.last.as_ref().is_some_and(|(_, last, of)| last == id && of.as_deref() == token);
        match state.last {
            Some((at, ..)) if at >= generation => return,
            Some(_) => state.same = same,
            None => {}
        }
        state.last = Some((generation, id.into(), token.map(str::to_owned)));
    }

    pub(super) fn accepted(&self) {
        self.state().accepted = true;
    }

    /// AWS refused credentials of this generation.
    pub(super) fn refused(&self, generation: u64, is_over: bool) {
        if !self.renews(is_over) {
            return;
        }
        let mut state = self.state();
        let is_rested = state.renewed.is_none_or(|at| at.elapsed() >= PAUSE);
        if generation == state.generation && is_rested {
            tracing::info!("the credentials were refused and are being reloaded");
            state.generation += 1;
            state.cache = IdentityCache::lazy().build();
            state.renewed = Some(Instant::now());
        }
    }

    /// Whether a refused call is worth repeating. Credentials that never were good get one reload; those
    /// that were have the time of all attempts, in which a rotation may reach its source and AWS.
    pub(super) fn may_help(&self, is_over: bool) -> bool {
        let state = self.state();
        self.renews(is_over) && (state.accepted || !state.same)
    }

    fn renews(&self, is_over: bool) -> bool {
        match self.0.renews {
            Renews::Never => false,
            Renews::WhenOver => is_over,
            Renews::Always => true,
        }
    }
}
