//! Patience with a role that was made a moment ago: services cannot assume it yet, and refuse what names
//! it. Owns how such a refusal is recognised and how long it is waited for.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::{future::Future, time::Duration};

use tokio::time::sleep;

use super::kit::*;

/// Attempts for a new role to become known to a service, and the time between two.
pub(super) const ATTEMPTS: u32 = 15;
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// Whether a text is about a role that cannot be assumed. A denial names its caller, who may be a
/// session of an assumed role.
pub(super) fn is_about_assuming(text: &str) -> bool {
    text.to_lowercase().replace("assumed-role", "").contains("assum")
}

/// Repeats a call that is refused because a role cannot be assumed yet, for half a minute.
pub(super) async fn with_new_role<T, S>(mut call: impl FnMut() -> S) -> Result<T, CallError>
where
    S: Future<Output = Result<T, CallError>> + Send,
{
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(e)
                if matches!(e.class, Class::Invalid | Class::Denied | Class::Unknown)
                    && is_about_assuming(&e.message) =>
            {
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
    call().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_own_name_is_not_about_assuming() {
        for text in [
            "IAM Role arn:aws:iam::123456789012:role/backup cannot be assumed by AWS Backup",
            "FIS is unable to assume the role arn:aws:iam::123456789012:role/fis",
            "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/fis",
        ] {
            assert!(is_about_assuming(text), "{text}");
        }
        let denied = "User: arn:aws:sts::123456789012:assumed-role/ir/anna is not authorized to perform: iam:PassRole";
        assert!(!is_about_assuming(denied));
    }
}
