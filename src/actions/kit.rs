//! What every action imports. Owns nothing.

pub(crate) use schemars::JsonSchema;
pub(crate) use serde::{Deserialize, Serialize};
pub(crate) use serde_json::json;

pub(crate) use super::{Action, Nothing, Spec};
pub(crate) use crate::{
    aws::Aws,
    engine::{Step, StepError, Verdict, World},
    spec,
};
