//! Starting a job that has no client token. The SDK would repeat a call whose answer was lost and
//! make two sets of snapshots; here it is looked for by its tag first. Owns that and the patience
//! with new resources that are not listed everywhere yet.

use std::{future::Future, time::Duration};

use aws_sdk_ec2::config::{Builder, Config};
use tokio::time::sleep;

use crate::aws::{OnlyRefused, kit::*};

const ATTEMPTS: u32 = 5;

/// Configuration for a creating call: one attempt, so that [`once`] decides on the next. What AWS
/// refused for its rate or the credentials is repeated below this.
pub(crate) fn single_attempt() -> Builder {
    Config::builder().retry_classifier(OnlyRefused)
}

/// Starts a job at most once: repeats a throttled start, and one without an answer only if `find`
/// does not see its effect.
pub(crate) async fn once<S, F>(
    mut start: impl FnMut() -> S,
    mut find: impl FnMut() -> F,
) -> Result<String, CallError>
where
    S: Future<Output = Result<String, CallError>> + Send,
    F: Future<Output = Result<Option<String>, CallError>> + Send,
{
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match start().await {
            Ok(job) => return Ok(job),
            Err(error) => error,
        };
        let unanswered = error.class == Class::Unreachable;
        if !unanswered && error.class != Class::Throttled {
            return Err(error);
        }
        sleep(Duration::from_millis(500) * 2_u32.pow(attempt)).await;
        if unanswered && let Some(job) = find().await? {
            return Ok(job);
        }
        if attempt == ATTEMPTS {
            return Err(error);
        }
    }
}

/// Repeats a describe that does not find something new, for about half a minute.
pub(crate) async fn patiently<T, S>(mut call: impl FnMut() -> S) -> Result<T, CallError>
where
    S: Future<Output = Result<T, CallError>> + Send,
{
    for _ in 0..15 {
        match call().await {
            Err(error) if error.class == Class::Gone => sleep(Duration::from_secs(2)).await,
            other => return other,
        }
    }
    call().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn error(class: Class) -> CallError {
        CallError::local("ec2:CreateSnapshots", class, "test")
    }

    #[tokio::test]
    async fn a_start_without_an_answer_is_looked_for_before_it_is_repeated() {
        let starts = AtomicU32::new(0);
        let start = || async {
            starts.fetch_add(1, Ordering::Relaxed);
            Err(error(Class::Unreachable))
        };
        let job = once(start, || async { Ok(Some("snap-1".into())) }).await;
        assert_eq!(job.as_deref(), Ok("snap-1"));
        assert_eq!(starts.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_throttled_start_is_repeated_and_a_denied_one_is_not() {
        let starts = AtomicU32::new(0);
        let start = || async {
            match starts.fetch_add(1, Ordering::Relaxed) {
                0 => Err(error(Class::Throttled)),
                _ => Err(error(Class::Denied)),
            }
        };
        let job = once(start, || async { Ok(Some("never asked".into())) }).await;
        assert_eq!(job.map_err(|e| e.class), Err(Class::Denied));
        assert_eq!(starts.load(Ordering::Relaxed), 2);
    }
}
