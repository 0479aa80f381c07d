//! Asks the process that works on a run to stop, and waits until it has.

use std::time::Duration;

use crate::journal::{RunDir, RunDirError};

use super::{Context, Failure};

/// Asks a live run to stop and waits until no process works on it any more.
pub async fn stop_live(context: &Context, dir: &RunDir, wait: Duration) -> Result<(), Failure> {
    const STEP: Duration = Duration::from_millis(200);
    let mut left = wait;
    let mut said = false;
    while let Err(error @ RunDirError::Locked { .. }) = dir.lock() {
        let request = dir.stop_request();
        if !request.exists() {
            dir.ask_to_stop()?;
        }
        if !std::mem::replace(&mut said, true) {
            context.say(&format!(
                "run {} is live: asked it to stop, waiting for its running calls",
                dir.id()
            ));
        }
        if left.is_zero() {
            return Err(error.into());
        }
        tokio::time::sleep(STEP).await;
        left = left.saturating_sub(STEP);
    }
    Ok(())
}
