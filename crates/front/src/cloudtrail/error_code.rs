//! Error codes as CloudTrail writes them.

use crate::AwsError;

/// EC2's codes show whose fault it was; IAM's are the names of exceptions.
pub(super) fn of(service: &str, error: &AwsError) -> String {
    match service {
        "ec2" if error.status >= 500 => format!("Server.{}", error.code),
        "ec2" => format!("Client.{}", error.code),
        "iam" => match error.code.as_str() {
            "NoSuchEntity"
            | "EntityAlreadyExists"
            | "LimitExceeded"
            | "MalformedPolicyDocument"
            | "DeleteConflict"
            | "InvalidInput"
            | "UnmodifiableEntity"
            | "PasswordPolicyViolation" => {
                format!("{}Exception", error.code)
            }
            other => other.to_owned(),
        },
        _ => error.code.clone(),
    }
}
