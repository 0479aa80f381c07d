//! What jobs do, step by step, in the background. Every step is on disk before the next, so that a killed front
//! carries on where it was.

pub(super) mod backup;
pub(super) mod copy;
pub(super) mod events;
mod notify;
pub(super) mod restore;
pub(super) mod resume;
mod window;

use std::time::Duration;

use super::desk::Desk;
use super::error::refused;
use crate::AwsError;

/// AWS's times: what a small on-demand job takes at least.
const SOON: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_secs(15);
/// How long the upstream may take over one thing, in real time.
const PATIENCE: Duration = Duration::from_mins(10);
const LOOK: Duration = Duration::from_millis(200);

/// Polls until the upstream confirms.
async fn until<F: Future<Output = Result<bool, AwsError>>>(
    ask: impl Fn() -> F,
    is_over: impl Fn() -> bool,
) -> Result<(), AwsError> {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !ask().await? && !is_over() {
        if tokio::time::Instant::now() > end {
            return Err(refused(format!(
                "the upstream did not finish within {} s",
                PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// How a job reports an upstream's error.
fn told(error: &AwsError) -> String {
    if error.code == "InvalidRequestException" { error.message.clone() } else { error.to_string() }
}

/// How much of a job is done, for each of its waits.
async fn progress(desk: &Desk, set: impl Fn(f64), is_over: impl Fn() -> bool) {
    for percent in [25.0, 50.0, 75.0] {
        desk.wait(STEP, &is_over).await;
        if is_over() {
            return;
        }
        set(percent);
    }
}
