//! What a principal can see of an account's users: the first calls of many intruders, harmless by
//! themselves. Owns the calls; a refusal is an answer.

use super::permissions::*;
use crate::aws::kit::*;

/// Asks STS who calls and IAM for its users, as whoever the step runs as.
#[derive(Clone, Debug, Serialize)]
pub struct Recon;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// ARN of the caller; `None` when its credentials are refused.
    pub principal: Option<String>,
    /// `None` when IAM refused to list them.
    pub users: Option<u64>,
    /// AWS's own words, when it refused.
    pub refusal: Option<String>,
}

/// Refusals: of the call, or of the credentials (an inactive or deleted key, a session cut off).
fn refused<T>(result: Result<T, CallError>) -> Result<Result<T, String>, CallError> {
    match result {
        Ok(answer) => Ok(Ok(answer)),
        Err(e) if matches!(e.class, Class::Denied | Class::Expired) => {
            Ok(Err(e.code.unwrap_or(e.message)))
        }
        Err(e) => Err(e),
    }
}

impl FactHead<Aws> for Recon {
    const KIND: &'static str = "iam.recon";
    const READS: &'static [Permission] = &[GET_CALLER_IDENTITY, LIST_USERS];
    type Value = Seen;

    fn target(&self) -> String {
        "account".into()
    }
}

impl Fact<Aws> for Recon {
    async fn read(&self, aws: &Aws) -> Result<Seen, CallError> {
        let who = aws.sts().get_caller_identity().send().await;
        let who = refused(who.by(GET_CALLER_IDENTITY))?;
        let page = |marker| aws.iam().list_users().set_marker(marker).send();
        let pages = Pages::new(LIST_USERS, page).all().await;
        let listed = pages.map(|pages| pages.iter().map(|page| page.users().len() as u64).sum());
        let listed = refused(listed)?;
        let refusal = listed.as_ref().err().or(who.as_ref().err()).cloned();
        let known = aws.scope().principal.clone();
        let principal = who.ok().map(|who| who.arn.unwrap_or(known));
        Ok(Seen { principal, users: listed.ok(), refusal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn error(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        )
    }

    #[tokio::test]
    async fn a_refusal_is_an_answer_and_no_answer_is_not() {
        let who = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>";
        let replay = Replay::default().xml("GetCallerIdentity", who).answer(
            "ListUsers",
            403,
            &error("AccessDenied"),
        );
        let seen = Recon.read(&aws(&replay)).await.expect("an answer");
        assert_eq!(seen.refusal.as_deref(), Some("AccessDenied"));
        assert_eq!((seen.users, seen.principal.as_deref()), (None, Some("arn:aws:iam::1:user/x")));
        let replay = Replay::default()
            .answer("GetCallerIdentity", 403, &error("InvalidClientTokenId"))
            .answer("ListUsers", 403, &error("InvalidClientTokenId"));
        let seen = Recon.read(&aws(&replay)).await.expect("an answer");
        assert_eq!((seen.principal, seen.users), (None, None));
        assert!(Recon.read(&aws(&Replay::default())).await.is_err());
    }
}
