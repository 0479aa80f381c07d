//! The safety lever of the account and Region: engaged, it stops every experiment and cancels new ones.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>

use super::permissions::*;
use crate::aws::kit::*;

/// The only one of an account and Region.
pub(crate) const LEVER: &str = "default";

fact! {
    #[derive(PartialEq, Eq)]
    pub struct SafetyLever {
        region: String,
    }
    // `None`: the Region or the endpoint has no lever.
    "fis.safety-lever" = Option<LeverFacts>, target "{region}";
    reads [GET_SAFETY_LEVER];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeverFacts {
    /// `disengaged`, `engaging` or `engaged`.
    pub status: String,
    /// Why it was last moved.
    pub reason: Option<String>,
}

impl LeverFacts {
    /// Whether experiments may start.
    pub fn is_free(&self) -> bool {
        self.status == "disengaged"
    }
}

impl SafetyLever {
    pub fn of(aws: &Aws) -> Self {
        Self { region: aws.scope().region.clone() }
    }
}

impl Fact<Aws> for SafetyLever {
    async fn read(&self, aws: &Aws) -> Result<Option<LeverFacts>, CallError> {
        let call = aws.fis().get_safety_lever().id(LEVER).send().await;
        let found = match call.by(GET_SAFETY_LEVER) {
            Ok(found) => found,
            Err(e) if matches!(e.class, Class::Gone | Class::Missing) => return Ok(None),
            Err(e) => return Err(e),
        };
        Ok(found.safety_lever.and_then(|lever| lever.state).map(|state| LeverFacts {
            status: state.status.map_or_else(|| "unknown".into(), |is| is.as_str().to_owned()),
            reason: state.reason.filter(|reason| !reason.is_empty()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn an_engaged_lever_says_why() {
        let body = r#"{"safetyLever":{"id":"default","arn":"arn:aws:fis:us-east-1:123456789012:safety-lever/default",
            "state":{"status":"engaged","reason":"a real incident"}}}"#;
        let aws = aws(&Replay::default().answer("GET /safetyLevers/default", 200, body));
        let facts = SafetyLever::of(&aws).read(&aws).await.expect("an answer").expect("a lever");
        assert!(!facts.is_free());
        assert_eq!(facts.reason.as_deref(), Some("a real incident"));
    }

    #[tokio::test]
    async fn where_there_is_none_it_is_absent_and_a_denial_is_an_error() {
        let read = |status, code: &str| {
            let body = format!(r#"{{"__type":"{code}","message":"m"}}"#);
            let aws = aws(&Replay::default().answer("GET /safetyLevers/default", status, &body));
            async move { SafetyLever::of(&aws).read(&aws).await }
        };
        assert_eq!(read(404, "ResourceNotFoundException").await, Ok(None));
        let denied = read(403, "AccessDeniedException").await;
        assert_eq!(denied.expect_err("denied").class, Class::Denied);
    }
}
