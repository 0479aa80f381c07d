//! Settings of EventBridge.

mod rule;

pub use rule::{EventRule, RuleIs};
