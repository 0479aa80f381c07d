//! EventBridge: the rule that a step listens with. Owns its read and write.

mod rule;

pub use rule::{EventRule, RuleIs};
