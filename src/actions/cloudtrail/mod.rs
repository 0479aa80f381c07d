//! Actions on CloudTrail: a trail that a drill makes, the attack that stops it, and the answer to that.
//! Owns what they share: where a trail is called, and which an attack may hit. One file an action.

pub mod check_logging;
pub mod create_trail;
mod records;
pub mod start_logging;
pub mod stop_logging;
#[cfg(test)]
mod tests;
mod writes;

use crate::{
    aws::Aws,
    engine::{Step, World},
};

/// The step in the trail's home Region, the only one where its logging can be changed. An ARN names it.
fn at_home(step: &Step<Aws>, trail: &str) -> Step<Aws> {
    let region = trail.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
    match region {
        Some(region) if region != step.world().scope().region => step.in_region(region),
        _ => step.clone(),
    }
}
