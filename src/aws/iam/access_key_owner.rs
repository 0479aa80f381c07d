//! The account that an access key belongs to. Owns that one read.

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// Account id of any access key, `None` where the endpoint does not offer
    /// [`GetAccessKeyInfo`](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html).
    /// It does not show whether the key is active or still exists.
    pub struct AccessKeyOwner {
        pub key: String,
    }
    "iam.access-key-owner" = Option<String>, target "{key}";
    reads [GET_ACCESS_KEY_INFO];
}

impl Fact<Aws> for AccessKeyOwner {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.sts().get_access_key_info().access_key_id(&self.key).send().await;
        match call.by(GET_ACCESS_KEY_INFO) {
            Ok(info) => Ok(info.account),
            Err(e) if e.class == Class::Missing => Ok(None),
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn an_endpoint_without_the_call_tells_nothing() {
        let key = AccessKeyOwner { key: "AKIAIOSFODNN7EXAMPLE".into() };
        let body = "<ErrorResponse><Error><Code>InternalFailure</Code><Message>m</Message></Error></ErrorResponse>";
        let replay = Replay::default().answer("GetAccessKeyInfo", 501, body);
        assert_eq!(key.read(&aws(&replay)).await, Ok(None));
        let replay = Replay::default().answer(
            "GetAccessKeyInfo",
            403,
            &body.replace("InternalFailure", "AccessDenied"),
        );
        assert_eq!(key.read(&aws(&replay)).await.expect_err("denied").class, Class::Denied);
    }
}
