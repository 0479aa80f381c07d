//! AWS's clock: how far its `Date` header is from ours, kept from every answer. Owns the skew;
//! which moments matter is decided by the actions.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{DateTime, config_bag::ConfigBag, date_time::Format};
use jiff::{SignedDuration, Timestamp};

/// Shared by all clients of an account. A `Date` header has whole seconds, so AWS may be up to one
/// second ahead of [`Clock::now`].
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<Skew>);

#[derive(Debug, Default)]
struct Skew {
    millis: AtomicI64,
    seen: AtomicBool,
    warned: AtomicBool,
}

impl Clock {
    pub(super) fn has_seen(&self) -> bool {
        self.0.seen.load(Ordering::Acquire)
    }

    /// AWS's time, or ours with one warning when no answer carried a `Date`.
    pub(super) fn now(&self) -> Timestamp {
        if !self.has_seen() && !self.0.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the endpoint sends no `Date` header; this machine's clock is used instead"
            );
        }
        let local = Timestamp::now();
        let skew = SignedDuration::from_millis(self.0.millis.load(Ordering::Acquire));
        local.checked_add(skew).unwrap_or(local)
    }

    fn saw(&self, date: &str) {
        let Ok(date) = DateTime::from_str(date, Format::HttpDate) else { return };
        let Ok(millis) = date.to_millis() else { return };
        let skew = millis.saturating_sub(Timestamp::now().as_millisecond());
        self.0.millis.store(skew, Ordering::Release);
        self.0.seen.store(true, Ordering::Release);
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.saw(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::World,
    };

    const IDENTITY: &str =
        "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>";

    #[tokio::test]
    async fn time_is_what_the_date_header_says() {
        let date = "Tue, 24 Nov 2099 10:00:00 GMT";
        let replay = Replay::default().date(date).xml("GetCallerIdentity", IDENTITY);
        let now = aws(&replay).now().await.expect("a canned answer");
        let want: Timestamp = "2099-11-24T10:00:00Z".parse().expect("a time");
        assert!(now.duration_since(want).abs() < SignedDuration::from_secs(5), "{now}");
    }

    #[tokio::test]
    async fn without_a_date_header_it_is_ours() {
        let replay = Replay::default().xml("GetCallerIdentity", IDENTITY);
        let now = aws(&replay).now().await.expect("a canned answer");
        assert!(now.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(5), "{now}");
    }
}
