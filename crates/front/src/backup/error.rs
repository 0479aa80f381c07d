//! The errors of AWS Backup, all of them with status 400 but its own faults.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html>, section "Errors" of each operation.
//! For a vault that is not there AWS itself sometimes answers `AccessDeniedException`; here it is the documented
//! `ResourceNotFoundException`.

use crate::AwsError;

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterValueException", message)
}

pub(super) fn missing(member: &str) -> AwsError {
    AwsError::new(
        400,
        "MissingParameterValueException",
        format!("{member} is a required parameter"),
    )
}

pub(super) fn not_found(what: &str, id: &str) -> AwsError {
    AwsError::new(400, "ResourceNotFoundException", format!("{what} {id} does not exist"))
}

/// The request is well-formed but cannot be done with things as they are.
pub(super) fn refused(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidRequestException", message)
}

/// The thing exists, and its state forbids it.
pub(super) fn wrong_state(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidResourceStateException", message)
}

pub(super) fn exists(message: impl Into<String>, arn: &str, creator: Option<&str>) -> AwsError {
    let error = AwsError::new(400, "AlreadyExistsException", message).with("Arn", arn);
    match creator {
        Some(id) => error.with("CreatorRequestId", id),
        None => error,
    }
}

pub(super) fn too_many(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "LimitExceededException", message)
}
