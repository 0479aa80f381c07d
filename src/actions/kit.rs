//! What every action imports. Owns nothing.

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use serde_json::json;

pub use super::{Action, Nothing, Spec};
pub use crate::{
    aws::Aws,
    engine::{Step, StepError, Verdict, World},
    spec,
};
