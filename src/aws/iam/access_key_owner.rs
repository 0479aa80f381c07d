//! The account that an access key belongs to. Owns that one read.

use serde::Serialize;

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, Permission, on},
};

/// Account id of any access key, `None` where the endpoint does not offer
/// [`GetAccessKeyInfo`](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html).
/// It says nothing of whether the key is active or still exists.
#[derive(Clone, Debug, Serialize)]
pub struct AccessKeyOwner {
    pub key: String,
}

impl Fact<Aws> for AccessKeyOwner {
    const KIND: &'static str = "iam.access-key-owner";
    const READS: &'static [Permission] = &[on("sts:GetAccessKeyInfo", "*")];
    type Value = Option<String>;

    fn target(&self) -> String {
        self.key.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.sts().get_access_key_info().access_key_id(&self.key).send().await;
        match call.map_err(|e| call_error("sts:GetAccessKeyInfo", e)) {
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
