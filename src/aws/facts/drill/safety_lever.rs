//! The safety lever of FIS: one for each account and Region. Engaged, it stops what runs and lets
//! nothing start. <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, Permission, on},
};

#[derive(Clone, Debug, Serialize)]
pub struct SafetyLever;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeverIs {
    /// `disengaged`, `engaged` or `engaging`.
    pub status: String,
    /// Why, in the words of who moved it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Fact<Aws> for SafetyLever {
    const KIND: &'static str = "fis.safety-lever";
    const READS: &'static [Permission] =
        &[on("fis:GetSafetyLever", "arn:aws:fis:{region}:{account}:safety-lever/*")];
    /// `None`: the Region or the endpoint has no lever.
    type Value = Option<LeverIs>;

    fn target(&self) -> String {
        "default".into()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<LeverIs>, CallError> {
        let call = aws.fis().get_safety_lever().id("default").send().await;
        let found = match call.map_err(|e| call_error("fis:GetSafetyLever", e)) {
            Ok(found) => found,
            Err(e) if matches!(e.class, Class::Gone | Class::Missing) => return Ok(None),
            Err(e) => return Err(e),
        };
        let state = found.safety_lever.and_then(|lever| lever.state);
        Ok(state.and_then(|state| {
            let status = state.status?.as_str().to_owned();
            Some(LeverIs { status, reason: state.reason })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    const GET: &str = "GET /safetyLevers/default";

    #[tokio::test]
    async fn it_is_read_with_its_reason() {
        let body =
            r#"{"safetyLever":{"id":"default","state":{"status":"engaged","reason":"incident"}}}"#;
        let lever = SafetyLever.read(&aws(&Replay::default().answer(GET, 200, body))).await;
        let want = LeverIs { status: "engaged".into(), reason: Some("incident".into()) };
        assert_eq!(lever, Ok(Some(want)));
    }

    #[tokio::test]
    async fn where_there_is_none_it_is_absent_and_a_denial_is_an_error() {
        let none = r#"{"__type":"ResourceNotFoundException","message":"none"}"#;
        let lever = SafetyLever.read(&aws(&Replay::default().answer(GET, 404, none))).await;
        assert_eq!(lever, Ok(None));
        let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let lever = SafetyLever.read(&aws(&Replay::default().answer(GET, 403, denied))).await;
        assert_eq!(lever.expect_err("denied").class, Class::Denied);
    }
}
