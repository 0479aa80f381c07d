//! Who may assume the role that this program runs as. Owns that read: what comes of it is a warning, so one that is
//! refused is no error.

use serde_json::Value;

use super::permissions::*;
use crate::aws::{kit::*, policy_document::decode};

fact! {
    /// The trust policy of the role whose session calls; `None` where it cannot be read.
    pub struct CallerTrust {
        pub role: String,
    }
    "iam.caller-trust" = Option<Value>, target "{role}";
    reads [GET_ROLE];
}

impl Fact<Aws> for CallerTrust {
    async fn read(&self, aws: &Aws) -> Result<Option<Value>, CallError> {
        let Ok(found) = aws.iam().get_role().role_name(&self.role).send().await.by(GET_ROLE) else {
            return Ok(None);
        };
        let text = found.role.and_then(|role| role.assume_role_policy_document);
        Ok(text.and_then(|text| decode(GET_ROLE.action, &text).ok()))
    }
}
