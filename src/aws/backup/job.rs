//! What a backup job and a restore job have in common: found again, followed to its end. Owns that; what a job makes and how it is taken away is its own.

use std::{future::Future, time::Duration};

use aws_sdk_backup::primitives::DateTime;
use tokio::time::{Instant, sleep};

use crate::aws::kit::*;

/// When the run of a token began, by the time in its id, with room for clocks that differ.
pub(super) fn begun(token: &Token) -> Option<DateTime> {
    let made = ulid::Ulid::from_string(&token.run).ok()?.timestamp_ms();
    let seconds = i64::try_from(made / 1000).ok()?.saturating_sub(300);
    Some(DateTime::from_secs(seconds))
}

/// A job as AWS describes it. Its states have the same words for both kinds.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupJob.html>
pub(super) trait Job {
    /// Such as `backup job`.
    const WHAT: &'static str;
    const DESCRIBE: Permission;

    /// The state, such as `RUNNING`.
    fn word(&self) -> &str;
    fn percent(&self) -> Option<&str>;
    fn why(&self) -> Option<&str>;
    /// ARN of what it made.
    fn made(&self) -> Option<&str>;
}

/// Whether a job in this state is over and made nothing.
pub(super) fn came_to_nothing(state: &str) -> bool {
    matches!(state, "ABORTED" | "EXPIRED" | "FAILED")
}

fn is_over(job: &impl Job) -> bool {
    matches!(job.word(), "COMPLETED" | "PARTIAL") || came_to_nothing(job.word())
}

/// Where a job stands; `output` is told the ARN of what a completed one made.
pub(super) fn progress<J: Job, T>(
    id: &str,
    now: &J,
    output: impl FnOnce(&str) -> T,
) -> Progress<T> {
    let (what, word) = (J::WHAT, now.word());
    if !is_over(now) {
        let note = format!("{what} is {word}");
        return Progress::Running { percent: percent(now.percent()), note };
    }
    match now.made() {
        Some(made) if word == "COMPLETED" => Progress::Done(output(made)),
        _ => {
            let why = now.why().unwrap_or("AWS gives no reason");
            Progress::Failed(format!("{what} `{id}` is {word}: {why}"))
        }
    }
}

/// The job at its end, which `stop` asks for once when it is not there yet. `None` where AWS has no
/// record of it any more.
///
/// # Errors
/// It does not end within `longest`, or a look fails.
pub(super) async fn ended<J, L, S>(
    aws: &Aws,
    id: &str,
    longest: Duration,
    look: impl Fn() -> L,
    stop: impl Fn() -> S,
) -> Result<Option<J>, CallError>
where
    J: Job,
    L: Future<Output = Result<J, CallError>>,
    S: Future<Output = ()>,
{
    let started = Instant::now();
    let mut asked = false;
    loop {
        match look().await.absent_if_gone()? {
            Some(now) if !is_over(&now) => {}
            ended_or_gone => return Ok(ended_or_gone),
        }
        if !asked {
            stop().await;
            asked = true;
        }
        if started.elapsed() > longest {
            let text = format!("{} `{id}` does not end", J::WHAT);
            return Err(CallError::local(J::DESCRIBE.action, Class::Unknown, text));
        }
        sleep(aws.patience().poll).await;
    }
}

/// `12.5` or `12.50%`, as jobs report it.
fn percent(text: Option<&str>) -> Option<u8> {
    let number: f64 = text?.trim().trim_end_matches('%').parse().ok()?;
    Some(number.clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::ready};

    use aws_sdk_backup::types::{BackupJobState, RestoreJobStatus};

    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::Patience,
    };

    struct Seen(&'static str);

    impl Job for Seen {
        const WHAT: &'static str = "test job";
        const DESCRIBE: Permission = on("backup:DescribeBackupJob", "*");

        fn word(&self) -> &str {
            self.0
        }
        fn percent(&self) -> Option<&str> {
            None
        }
        fn why(&self) -> Option<&str> {
            None
        }
        fn made(&self) -> Option<&str> {
            None
        }
    }

    /// The words that each look sees: how it ended, and how often a stop was asked for.
    async fn end(
        words: &[&'static str],
        longest: Duration,
    ) -> (Result<Option<Seen>, CallError>, u32) {
        let (looks, stops) = (Cell::new(0), Cell::new(0));
        let look = || {
            let word = words[looks.replace(looks.get() + 1)];
            let gone = CallError::local("backup:DescribeBackupJob", Class::Gone, "no such job");
            ready(if word == "gone" { Err(gone) } else { Ok(Seen(word)) })
        };
        let stop = || {
            stops.set(stops.get() + 1);
            ready(())
        };
        let patience = Patience { poll: Duration::from_millis(1), ..Patience::default() };
        let aws = aws(&Replay::default()).with_patience(patience);
        let end = ended(&aws, "job-1", longest, look, stop).await;
        (end, stops.get())
    }

    #[tokio::test]
    async fn a_job_is_asked_to_stop_once_and_followed_to_its_end() {
        let long = Duration::from_mins(10);
        let (seen, stops) = end(&["RUNNING", "ABORTING", "ABORTED"], long).await;
        assert_eq!((seen.map(|seen| seen.map(|seen| seen.0)), stops), (Ok(Some("ABORTED")), 1));
        let (seen, stops) = end(&["COMPLETED"], long).await;
        assert_eq!((seen.map(|seen| seen.map(|seen| seen.0)), stops), (Ok(Some("COMPLETED")), 0));
        let (seen, _) = end(&["RUNNING", "gone"], long).await;
        assert!(matches!(seen, Ok(None)), "nobody knows what it made");
        let (seen, _) = end(&["RUNNING", "RUNNING"], Duration::ZERO).await;
        assert_eq!(seen.map(drop).map_err(|e| e.class), Err(Class::Unknown));
    }

    #[test]
    fn every_state_is_known_to_be_over_or_not() {
        let going = ["ABORTING", "CREATED", "PENDING", "RUNNING"];
        let states = BackupJobState::values().iter().chain(RestoreJobStatus::values());
        for state in states {
            assert_ne!(is_over(&Seen(state)), going.contains(state), "{state}");
        }
    }

    #[test]
    fn both_forms_of_progress_are_read() {
        let percent = |text| percent(Some(text));
        assert_eq!((percent("12.5"), percent("99.90%"), percent("")), (Some(12), Some(99), None));
    }
}
