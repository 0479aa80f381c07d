//! Starting a job that has no client token. The SDK would repeat a call whose answer was lost and
//! make two sets of snapshots; here it is looked for by its tag first. Owns that and the patience
//! with new resources that are not listed everywhere yet.

use std::{future::Future, time::Duration};

use aws_sdk_ec2::config::{Builder, Config};
use tokio::time::{Instant, sleep};

use crate::aws::{OnlyRefused, kit::*};

const ATTEMPTS: u32 = 5;
/// Longest wait for room among the jobs that EC2 runs at a time: a copy to another Region takes minutes
/// to hours. <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html>
const ROOM: Duration = Duration::from_hours(1);

/// As many jobs run as may. EC2 has done nothing, and there will be room.
fn is_full(error: &CallError) -> bool {
    error.code.as_deref() == Some("ResourceLimitExceeded") && error.class == Class::Throttled
}

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
    let (began, mut attempt) = (Instant::now(), 0);
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
        sleep(Duration::from_millis(500) * 2_u32.pow(attempt.min(ATTEMPTS))).await;
        if unanswered && let Some(job) = find().await? {
            return Ok(job);
        }
        let waits = is_full(&error) && began.elapsed() < ROOM;
        if attempt >= ATTEMPTS && !waits {
            return Err(error);
        }
    }
}

/// Which tags a creating call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marks {
    /// Those of the source and the run's.
    All,
    /// The run's: the source may have as many tags as EC2 allows.
    Own,
    None,
}

/// The organization has a tag policy that forbids a value.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
const NOT_COMPLIANT: &str = "TagPolicyViolation";

fn is(error: &CallError, code: &str) -> bool {
    error.code.as_deref() == Some(code)
}

/// Starts a job with its tags, and without them where they are what is refused: 50 tags on a volume, or
/// a policy that denies tags, must not keep evidence from being taken. A job without tags is known by the
/// answer alone: a run that ends before it has the answer cannot find it again.
pub(crate) async fn unmarked_if_refused<T, S>(start: impl Fn(Marks) -> S) -> Result<T, CallError>
where
    S: Future<Output = Result<T, CallError>> + Send,
{
    let marked = match start(Marks::All).await {
        Err(e) if is(&e, "TagLimitExceeded") || is(&e, NOT_COMPLIANT) => start(Marks::Own).await,
        made => made,
    };
    match marked {
        Err(e) if e.class == Class::Denied || is(&e, NOT_COMPLIANT) => {
            start(Marks::None).await.map_err(|_| e)
        }
        made => made,
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
    async fn tags_that_are_refused_do_not_keep_the_job_from_starting() {
        let start = |accepts: Marks, code: &'static str| {
            unmarked_if_refused(move |marks| async move {
                if marks == accepts {
                    return Ok(marks);
                }
                let class = if code == "TagLimitExceeded" { Class::Invalid } else { Class::Denied };
                Err(CallError { code: Some(code.into()), ..error(class) })
            })
        };
        assert_eq!(start(Marks::All, "x").await, Ok(Marks::All));
        assert_eq!(start(Marks::Own, "TagLimitExceeded").await, Ok(Marks::Own));
        assert_eq!(start(Marks::None, "UnauthorizedOperation").await, Ok(Marks::None));
        let denied =
            start(Marks::Own, "UnauthorizedOperation").await.expect_err("denied both ways");
        assert_eq!(denied.class, Class::Denied);
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
