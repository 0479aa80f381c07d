//! Why an action or an experiment failed: <https://docs.aws.amazon.com/fis/latest/userguide/troubleshooting.html>.

use crate::AwsError;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trouble {
    /// `InvalidTarget`, `DependentServiceFailure` and the others of the guide.
    pub code: &'static str,
    pub reason: String,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(crate) fn invalid_target(reason: impl Into<String>) -> Self {
        Self::new("InvalidTarget", reason)
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::new("ConfigurationFailure", reason)
    }
}

impl From<AwsError> for Trouble {
    fn from(error: AwsError) -> Self {
        let code = match error.code.as_str() {
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
                "AuthorizationFailure"
            }
            code if code.ends_with("NotFound") || code.ends_with(".NotFound") => "InvalidTarget",
            code if code.contains("LimitExceeded") => "QuotaExceededFailure",
            _ => "DependentServiceFailure",
        };
        Self::new(code, error.to_string())
    }
}
