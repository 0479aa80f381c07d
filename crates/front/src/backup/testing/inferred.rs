//! `GetRestoreTestingInferredMetadata`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html>

use serde_json::{Value, json};

use crate::backup::desk::Desk;
use crate::backup::error::invalid;
use crate::backup::points;
use crate::backup::resource::Resource;
use crate::{AwsError, Call};

pub(in crate::backup) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let point = points::find(desk, call)?;
    let resource = Resource::of(&point.resource_type);
    let resource = resource
        .ok_or_else(|| invalid(format!("Unsupported resource type: {}", point.resource_type)))?;
    Ok(json!({ "InferredMetadata": resource.inferred(desk.at(), &point) }))
}
