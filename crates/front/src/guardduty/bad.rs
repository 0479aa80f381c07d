//! GuardDuty's errors: `BadRequestException` for everything that the caller did.

use crate::AwsError;

fn bad(kind: &str, why: &str) -> AwsError {
    AwsError::new(400, "BadRequestException", format!("The request is rejected because {why}"))
        .with("__type", kind)
}

/// A parameter of a wrong form or value.
pub(super) fn invalid(parameter: &str) -> AwsError {
    bad("InvalidInputException", &format!("the parameter {parameter} has an invalid value."))
}

/// A parameter that is not there.
pub(super) fn missing(parameter: &str) -> AwsError {
    bad("InvalidInputException", &format!("the required parameter {parameter} is not specified."))
}

pub(super) fn no_detector() -> AwsError {
    bad("InvalidInputException", "the input detectorId is not owned by the current account.")
}

pub(super) fn detector_exists() -> AwsError {
    bad("InvalidInputException", "a detector already exists for the current account.")
}

pub(super) fn no_filter() -> AwsError {
    bad("InvalidInputException", "the input filterName is not found.")
}

pub(super) fn filter_exists() -> AwsError {
    bad("InvalidInputException", "a filter with the given name already exists.")
}

/// More than a quota allows.
pub(super) fn too_many(what: &str) -> AwsError {
    bad("InvalidInputException", &format!("the current account has reached the limit of {what}."))
}
