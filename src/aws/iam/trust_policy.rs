//! Who may assume a role. Owns the document as a whole; how it is repaired is the action's.

use serde_json::Value;

use super::{permissions::*, things::ROLE};
use crate::aws::{
    kit::*,
    policy_document::{decode, listed, same},
};

setting! {
    /// A role's trust policy, by
    /// [`UpdateAssumeRolePolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html).
    pub struct TrustPolicy {
        pub role: String,
    }
    "iam.trust-policy" = Value, target "{role}";
    reads [GET_ROLE];
    writes [UPDATE_ASSUME_ROLE_POLICY];
    release Restored Credentials;
    touches [ROLE(role)];
}

impl Fact<Aws> for TrustPolicy {
    async fn read(&self, aws: &Aws) -> Result<Value, CallError> {
        let call = aws.iam().get_role().role_name(&self.role).send().await;
        let role = call.by(GET_ROLE)?.role;
        let text = role.and_then(|role| role.assume_role_policy_document);
        let text = text.ok_or_else(|| {
            CallError::local(
                GET_ROLE.action,
                Class::Unknown,
                format!("role `{}` comes without a trust policy", self.role),
            )
        })?;
        decode(GET_ROLE.action, &text)
    }
}

impl Setting<Aws> for TrustPolicy {
    async fn write(&self, aws: &Aws, value: &Value) -> Result<(), CallError> {
        let call = aws.iam().update_assume_role_policy().role_name(&self.role);
        let call = call.policy_document(value.to_string()).send().await;
        call.by(UPDATE_ASSUME_ROLE_POLICY)?;
        Ok(())
    }

    fn agrees(want: &Value, have: &Value) -> bool {
        same(want, have)
    }

    /// IAM shows a deleted principal by its id and takes no such id in a write.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    fn caveat(before: &Value) -> Option<&'static str> {
        let mut texts = listed(before.get("Statement")?)
            .iter()
            .filter_map(|s| s.get("Principal")?.get("AWS"))
            .flat_map(listed)
            .filter_map(Value::as_str);
        texts.any(|p| p.starts_with("AIDA") || p.starts_with("AROA")).then_some(
            "it names a deleted principal by its id, which IAM does not take back: release of this change will fail and must be done by hand without that principal",
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[test]
    fn a_deleted_principal_is_told_of() {
        let with = |aws: Value| json!({ "Statement": { "Principal": { "AWS": aws } } });
        assert!(TrustPolicy::caveat(&with(json!(["AIDAQ3EGRYYYYYYYYYYYY"]))).is_some());
        assert!(TrustPolicy::caveat(&with(json!("arn:aws:iam::111122223333:user/AIDA"))).is_none());
        assert!(TrustPolicy::caveat(&json!({ "Statement": [{ "Principal": "*" }] })).is_none());
    }

    #[tokio::test]
    async fn a_malformed_document_is_invalid() {
        let body = "<ErrorResponse><Error><Code>MalformedPolicyDocument</Code><Message>Invalid principal in policy</Message></Error></ErrorResponse>";
        let replay = Replay::default().answer("UpdateAssumeRolePolicy", 400, body);
        let error = TrustPolicy { role: "r".into() }.write(&aws(&replay), &json!({})).await;
        assert_eq!(error.expect_err("refused").class, Class::Invalid);
    }
}
