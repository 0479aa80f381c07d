//! Where the SDK's calls pass on their way: they wait for AWS's rate before they are signed, are signed
//! with credentials that can be renewed, and what AWS answers teaches both. Owns the SDK's seams for
//! that (an interceptor, the identity cache, a retry classifier); `pacing` and `renewal` decide.
//!
//! Throttled calls are repeated for ten minutes, however many it takes. The wait is before the
//! signature, which is good for five minutes only.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use aws_sdk_sts::config::{Region, retry::RetryConfig};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        identity::{IdentityFuture, ResolveCachedIdentity, SharedIdentityResolver},
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
                InterceptorContext,
            },
        },
        orchestrator::{HttpResponse, Metadata},
        retries::{
            RequestAttempts,
            classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority},
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    DateTime,
    config_bag::{ConfigBag, Storable, StoreReplace},
    date_time::Format,
};
use tokio::time::Instant;

use super::{
    error,
    pacing::{Pacer, Sort},
    renewal::Renewal,
};
use crate::engine::Class;

/// How long one call is repeated while it is throttled.
const LONGEST: Duration = Duration::from_mins(10);
/// More attempts after each throttle.
const MORE: u32 = 6;
/// As the SDK's own: a smaller difference is no reason for a refused signature.
const SKEWED: Duration = Duration::from_mins(4);

/// One for each client.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub pacer: Pacer,
    pub renewal: Renewal,
    pub account: String,
}

/// One attempt of a call.
#[derive(Debug)]
struct Attempt {
    sort: Sort,
    region: String,
    /// Several authentication schemes may ask for an identity.
    admitted: AtomicBool,
    generation: u64,
}

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

/// When the attempt was sent.
#[derive(Debug)]
struct Sent(Instant);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// When the call was throttled first.
#[derive(Debug)]
struct Throttled(Instant);

impl Storable for Throttled {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn read_before_attempt(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = cfg.load::<Metadata>() else { return Ok(()) };
        let form = context.request().body().bytes().map(String::from_utf8_lossy);
        let attempt = Attempt {
            sort: Sort::of(call.service(), call.name(), &form.unwrap_or_default()),
            region: cfg.load::<Region>().map(ToString::to_string).unwrap_or_default(),
            admitted: AtomicBool::new(false),
            generation: self.renewal.generation(),
        };
        cfg.interceptor_state().store_put(attempt);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Sent(Instant::now()));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refusal = Refusal::of(context.response());
        match refusal {
            Some(Refusal::Rate) => self.throttled(cfg),
            Some(Refusal::Credentials { is_over }) => {
                if let Some(attempt) = cfg.load::<Attempt>() {
                    self.renewal.refused(attempt.generation, is_over);
                }
            }
            Some(Refusal::Clock | Refusal::Busy) => {}
            // A failure of the service is no information about the caller.
            None if context.response().status().as_u16() >= 500 => {}
            None => self.renewal.accepted(),
        }
        Ok(())
    }
}

impl Gate {
    fn throttled(&self, cfg: &mut ConfigBag) {
        let now = Instant::now();
        if let (Some(attempt), Some(sent)) = (cfg.load::<Attempt>(), cfg.load::<Sent>()) {
            self.pacer.throttled(&self.account, &attempt.region, &attempt.sort, sent.0);
        }
        let first = cfg.load::<Throttled>().map_or(now, |first| first.0);
        cfg.interceptor_state().store_put(Throttled(first));
        let attempts = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        // A caller that asked for few attempts (a probe) wants to hear of it.
        let patient = cfg.load::<RetryConfig>().filter(|retries| retries.max_attempts() > 2);
        if let Some(retries) = patient.cloned()
            && first.elapsed() < LONGEST
        {
            let retries = retries
                .with_max_attempts(attempts.saturating_add(MORE))
                // The wait is in the queue, where others can be served meanwhile.
                .with_initial_backoff(Duration::from_millis(200))
                .with_max_backoff(Duration::from_secs(2));
            cfg.interceptor_state().store_put(retries);
        }
    }
}

impl ResolveCachedIdentity for Gate {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            if let Some(attempt) = config.load::<Attempt>()
                && !attempt.admitted.swap(true, Ordering::Relaxed)
            {
                self.pacer.admit(&self.account, &attempt.region, &attempt.sort).await;
            }
            self.renewal.identity(resolver, components, config).await
        })
    }
}

impl ClassifyRetry for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(Refusal::of) {
            Some(Refusal::Rate | Refusal::Busy) => RetryAction::throttling_error(),
            Some(Refusal::Clock) => RetryAction::server_error(),
            Some(Refusal::Credentials { is_over }) if self.renewal.may_help(is_over) => {
                RetryAction::server_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// For a call without a client token: only what AWS refused before it did anything is repeated. The
/// SDK would repeat a call whose answer was lost, and make two.
#[derive(Debug)]
pub(crate) struct OnlyRefused;

impl ClassifyRetry for OnlyRefused {
    fn name(&self) -> &'static str {
        "OnlyRefused"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(Refusal::of) {
            Some(_) => RetryAction::NoActionIndicated,
            None => RetryAction::RetryForbidden,
        }
    }

    fn priority(&self) -> RetryClassifierPriority {
        let gate = RetryClassifierPriority::run_after(
            RetryClassifierPriority::transient_error_classifier(),
        );
        RetryClassifierPriority::run_after(gate)
    }
}

/// Answers after which AWS has done nothing and the same call may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Too many calls.
    Rate,
    /// The thing is busy with another call.
    Busy,
    /// The signature's time: the SDK signs the next attempt by the answer's `Date`.
    Clock,
    Credentials {
        is_over: bool,
    },
}

impl Refusal {
    fn of(response: &HttpResponse) -> Option<Self> {
        let status = response.status().as_u16();
        if status < 400 {
            return None;
        }
        let code = error::code_of(response).unwrap_or_default();
        let text = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        match error::class(Some(&code), Some(status), &text) {
            Class::Throttled if error::is_busy(&code) => Some(Self::Busy),
            Class::Throttled => Some(Self::Rate),
            Class::Expired if is_skewed(response) => Some(Self::Clock),
            Class::Expired => Some(Self::Credentials { is_over: error::is_over(&code) }),
            _ => None,
        }
    }
}

/// Whether AWS's clock and ours are so far apart that the signature's time may be the reason.
fn is_skewed(response: &HttpResponse) -> bool {
    let date = response.headers().get("date");
    let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let Some(theirs) = date.and_then(|date| SystemTime::try_from(date).ok()) else { return false };
    let ours = SystemTime::now();
    let apart = theirs.duration_since(ours).or_else(|_| ours.duration_since(theirs));
    apart.is_ok_and(|apart| apart > SKEWED)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
