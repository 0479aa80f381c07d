//! `GetRestoreTestingInferredMetadata`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html>

use serde_json::{Value, json};

use crate::lab::front::backup::desk::Desk;
use crate::lab::front::backup::error::invalid;
use crate::lab::front::backup::{points, resource};
use crate::lab::front::{AwsError, Call};

pub(in crate::lab::front::backup) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let point = points::find(desk, call)?;
    let resource = resource::of(&point.resource_type);
    let resource = resource
        .ok_or_else(|| invalid(format!("Unsupported resource type: {}", point.resource_type)))?;
    Ok(json!({ "InferredMetadata": resource.inferred(desk.at(), &point) }))
}
