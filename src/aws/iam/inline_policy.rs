//! One inline policy of a user or a role, by its name. Owns that it is absent or present with a
//! document, and that a policy which someone else wrote under the name is never overwritten.

use serde_json::Value;

use super::{
    permissions::*,
    things::{ROLE, USER},
};
use crate::aws::{
    kit::*,
    policy_document::{decode, listed, same},
};

/// Whether the document under a name is one that this run wrote: each statement's `Sid` is the one
/// of the document about to be written, and carries the run.
fn ours(have: &Value, want: &Value) -> bool {
    let sids = |document: &Value| -> Option<Vec<String>> {
        let sid = |s: &Value| s.get("Sid").and_then(Value::as_str).map(str::to_owned);
        listed(document.get("Statement")?).iter().map(sid).collect()
    };
    sids(have).is_some_and(|have| sids(want) == Some(have))
}

macro_rules! inline_policy {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $owner:ident $class:ident,
     $get:ident $may_get:ident, $put:ident $may_put:ident, $delete:ident $may_delete:ident, $by:ident) => {
        setting! {
            $(#[$doc])*
            pub struct $name {
                pub $owner: String,
                pub policy: String,
            }
            $kind = Option<Value>, target "{}" of |it| format!("{}/{}", it.$owner, it.policy);
            reads [$may_get];
            writes [$may_put, $may_delete];
            releases [$may_delete];
            release Removed Credentials;
            touches [$class($owner)];
        }

        impl Fact<Aws> for $name {
            async fn read(&self, aws: &Aws) -> Result<Option<Value>, CallError> {
                let call = aws.iam().$get().$by(&self.$owner).policy_name(&self.policy);
                let found = call.send().await.by($may_get).absent_if_gone()?;
                found.map(|found| decode($may_get.action, &found.policy_document)).transpose()
            }
        }

        impl Setting<Aws> for $name {
            async fn write(&self, aws: &Aws, value: &Option<Value>) -> Result<(), CallError> {
                let Some(document) = value else {
                    let call = aws.iam().$delete().$by(&self.$owner).policy_name(&self.policy);
                    return call.send().await.by($may_delete).done_if_gone();
                };
                if let Some(have) = self.read(aws).await? && !ours(&have, document) {
                    let text = format!(
                        "an inline policy `{}` that this run did not write exists; rename or remove it, then resume",
                        self.policy
                    );
                    return Err($may_put.invalid(text));
                }
                let call = aws.iam().$put().$by(&self.$owner).policy_name(&self.policy);
                let call = call.policy_document(document.to_string());
                call.send().await.by($may_put).map(drop)
            }

            fn agrees(want: &Option<Value>, have: &Option<Value>) -> bool {
                match (want, have) {
                    (Some(want), Some(have)) => same(want, have),
                    (want, have) => want.is_none() && have.is_none(),
                }
            }
        }
    };
}

inline_policy!(
    /// An inline policy of a user, by
    /// [`PutUserPolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html).
    UserPolicy, "iam.user-policy", user USER,
    get_user_policy GET_USER_POLICY, put_user_policy PUT_USER_POLICY,
    delete_user_policy DELETE_USER_POLICY, user_name
);
inline_policy!(
    /// An inline policy of a role, by
    /// [`PutRolePolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html).
    RolePolicy, "iam.role-policy", role ROLE,
    get_role_policy GET_ROLE_POLICY, put_role_policy PUT_ROLE_POLICY,
    delete_role_policy DELETE_ROLE_POLICY, role_name
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    const NONE: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code>\
        <Message>none</Message></Error></ErrorResponse>";

    fn policy() -> UserPolicy {
        UserPolicy { user: "bob".into(), policy: "deny".into() }
    }

    fn document(sid: &str) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*" }] })
    }

    fn present(document: &Value) -> String {
        let text = document.to_string().replace('{', "%7B").replace('"', "%22");
        format!(
            "<GetUserPolicyResponse><GetUserPolicyResult><UserName>bob</UserName><PolicyName>deny</PolicyName>\
             <PolicyDocument>{text}</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
        )
    }

    #[tokio::test]
    async fn absent_is_no_error() {
        let replay = Replay::default().answer("GetUserPolicy", 404, NONE).answer(
            "DeleteUserPolicy",
            404,
            NONE,
        );
        let aws = aws(&replay);
        assert_eq!(policy().read(&aws).await, Ok(None));
        assert_eq!(policy().write(&aws, &None).await, Ok(()));
    }

    #[tokio::test]
    async fn only_our_own_policy_is_written_over() {
        let replay = Replay::default()
            .xml("GetUserPolicy", &present(&document("Theirs")))
            .xml("PutUserPolicy", "<PutUserPolicyResponse/>");
        let aws = aws(&replay);
        let theirs = policy().write(&aws, &Some(document("Backburn1"))).await;
        assert_eq!(theirs.expect_err("theirs").class, Class::Invalid);
        assert!(!replay.actions().contains(&"PutUserPolicy".to_string()));
        assert_eq!(policy().write(&aws, &Some(document("Theirs"))).await, Ok(()));
        assert!(replay.actions().contains(&"PutUserPolicy".to_string()));
    }
}
