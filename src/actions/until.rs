//! Looking at a fact until it is as it should be, for checks with a time limit. Owns the pace.

use std::time::Duration;

use crate::{
    aws::Aws,
    engine::{Fact, Step, StepError},
};

const PACE: Duration = Duration::from_secs(2);

/// The fact once `holds`, or as it is when `within` has passed. In a plan: as it is now; what the
/// drill is still to do is not held against it.
///
/// # Errors
/// Those of the reads, of a stop and of the step's timeout.
pub(super) async fn until<F: Fact<Aws>>(
    step: &Step<Aws>,
    fact: &F,
    within: Duration,
    what: &str,
    holds: impl Fn(&F::Value) -> bool,
) -> Result<F::Value, StepError> {
    if step.planning() {
        return step.read(fact).await;
    }
    // By number and not by a clock, so that a resumed step waits for the rest only.
    let looks = within.as_millis().div_ceil(PACE.as_millis());
    for _ in 0..looks {
        let now = step.look(fact).await?;
        if holds(&now) {
            break;
        }
        step.wait(PACE.min(within), what).await?;
    }
    step.read(fact).await
}
