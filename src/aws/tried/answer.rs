//! What an answer says of a principal: refused, works, or neither. Owns the error codes that are a refusal, in each
//! protocol of AWS; everything else that is no success is unknown.
//!
//! Query, JSON and REST: <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html> and the page of that name
//! of each service; EC2: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>; S3:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use crate::engine::CallError;

/// The principal may not do this.
const FORBIDDEN: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];
/// Its credentials are not valid (any more): a key that is inactive or deleted, a session that ended.
const NOT_VALID: &[&str] = &[
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidToken",
    "UnrecognizedClientException",
];
/// The session's own time is over, whether or not anybody contained it.
const OVER: &[&str] = &["ExpiredToken", "ExpiredTokenException"];
/// The signature does not fit: another secret, or a clock that is off. Nobody contained anything by it.
const UNSIGNED: &[&str] =
    &["InvalidSignature", "InvalidSignatureException", "SignatureDoesNotMatch"];

/// What one attempt shows of whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Works,
    /// AWS's code.
    Refused(String),
    /// A throttle, a validation error, no answer: it shows neither.
    Unknown(String),
}

/// Whose credentials they are: what a refusal of them may also come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This program made them, and their own time is not over.
    Ours,
    /// This program made them, and their own time is over: that AWS refuses them shows nothing.
    Over,
    /// Somebody typed them: what is not signed with the key's secret may be a slip of the hand.
    Given,
}

impl Answer {
    /// Of one attempt.
    pub fn of(made: Result<(), CallError>, holder: Holder) -> Self {
        let error = match made {
            Ok(()) => return Self::Works,
            Err(error) => error,
        };
        let code = error.code.as_deref().unwrap_or_default();
        // EC2's codes have a prefix in some answers, those of JSON a namespace.
        let code = code.strip_prefix("Client.").unwrap_or(code);
        let code = code.rsplit('#').next().unwrap_or(code);
        let is = |codes: &[&str]| codes.contains(&code);
        let refused = || Self::Refused(code.to_owned());
        match holder {
            _ if is(FORBIDDEN) => refused(),
            Holder::Over if is(NOT_VALID) || is(OVER) => {
                Self::Unknown(format!("`{code}`: the session's own time is over"))
            }
            _ if is(UNSIGNED) => Self::Unknown(format!(
                "`{code}`: the secret does not belong to the key, or a clock is wrong"
            )),
            _ if is(NOT_VALID) || is(OVER) => refused(),
            _ => Self::Unknown(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{
        Aws,
        replay::{Replay, aws},
        tried::{Call, Name, Own, Reads},
    };

    async fn answer(call: Reads, replay: Replay) -> Answer {
        let aws: Aws = aws(&replay).asked_once();
        let call = Call { call: Name::Reads(call), on: None };
        Answer::of(call.made(&aws, &aws).await, Holder::Ours)
    }

    fn xml(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
        )
    }

    fn json(code: &str) -> String {
        format!(r#"{{"__type":"com.amazonaws.x#{code}","message":"No."}}"#)
    }

    fn refused(code: &str) -> Answer {
        Answer::Refused(code.into())
    }

    #[tokio::test]
    async fn a_refusal_is_known_in_every_protocol() {
        let query = |code| Replay::default().answer("ListUsers", 403, &xml(code));
        for code in ["AccessDenied", "InvalidClientTokenId", "ExpiredToken"] {
            assert_eq!(answer(Reads::ListUsers, query(code)).await, refused(code));
        }
        let ec2 =
            |status, code| Replay::default().ec2_error("DescribeInstances", status, code, "No.");
        for (status, code) in [(403, "UnauthorizedOperation"), (401, "AuthFailure")] {
            assert_eq!(answer(Reads::DescribeInstances, ec2(status, code)).await, refused(code));
        }
        let s3 = |code: &str| {
            let body = format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
            Replay::default().answer("GET /", 403, &body)
        };
        for code in ["AccessDenied", "InvalidAccessKeyId"] {
            assert_eq!(answer(Reads::ListAllMyBuckets, s3(code)).await, refused(code));
        }
        for (call, action) in [
            (Reads::ListTables, "ListTables"),
            (Reads::DescribeTrails, "DescribeTrails"),
            (Reads::DescribeInstanceInformation, "DescribeInstanceInformation"),
            (Reads::ListQueues, "ListQueues"),
        ] {
            for code in
                ["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"]
            {
                let replay = Replay::default().answer(action, 400, &json(code));
                assert_eq!(answer(call, replay).await, refused(code), "{action}");
            }
        }
        for (call, path) in [
            (Reads::ListDetectors, "GET /detector"),
            (Reads::ListFunctions, "GET /2015-03-31/functions"),
        ] {
            let headers = [("x-amzn-errortype", "AccessDeniedException:http://x/")];
            let replay = Replay::default().headed(path, 403, r#"{"message":"No."}"#, &headers);
            assert_eq!(answer(call, replay).await, refused("AccessDeniedException"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_no_refusal_and_no_success_is_unknown() {
        let query = |status, code: &str| Replay::default().answer("ListUsers", status, &xml(code));
        for (status, code) in [
            (400, "Throttling"),
            (400, "ValidationError"),
            (500, "InternalFailure"),
            (400, "RequestExpired"),
            (403, "OptInRequired"),
            (400, "IncompleteSignature"),
            (403, ""),
        ] {
            let found = answer(Reads::ListUsers, query(status, code)).await;
            assert!(matches!(found, Answer::Unknown(_)), "{code}: {found:?}");
        }
        for replay in [Replay::default(), Replay::default().hanging()] {
            let found = answer(Reads::ListUsers, replay).await;
            assert!(matches!(found, Answer::Unknown(_)), "{found:?}");
        }
        let throttled = query(400, "Throttling");
        answer(Reads::ListUsers, throttled.clone()).await;
        assert_eq!(throttled.actions().len(), 1, "it is asked once, and not for ten minutes");
    }

    #[tokio::test]
    async fn what_is_answered_works() {
        let body = "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>";
        let replay = Replay::default().xml("ListUsers", body);
        assert_eq!(answer(Reads::ListUsers, replay).await, Answer::Works);
    }

    #[test]
    fn a_refusal_that_may_have_another_reason_is_none() {
        let error = |code: &str| CallError {
            call: "iam:ListUsers".into(),
            class: crate::engine::Class::Expired,
            code: Some(code.into()),
            message: "No.".into(),
            request_id: None,
        };
        let of = |code, holder| Answer::of(Err(error(code)), holder);
        for code in ["ExpiredToken", "InvalidClientTokenId"] {
            assert!(matches!(of(code, Holder::Over), Answer::Unknown(_)), "{code}");
            assert_eq!(of(code, Holder::Given), refused(code));
        }
        assert_eq!(of("AccessDenied", Holder::Over), refused("AccessDenied"));
        for holder in [Holder::Given, Holder::Ours, Holder::Over] {
            assert!(matches!(of("SignatureDoesNotMatch", holder), Answer::Unknown(_)));
        }
    }

    /// The switches that the bucket has go out again, and no others.
    #[tokio::test]
    async fn the_attackers_write_changes_nothing() {
        let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
            <IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
            <RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
        let runner = Replay::default().answer("GET /photos", 200, block);
        let denied = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>";
        let attacker = Replay::default().answer("PUT /photos", 403, denied);
        let call =
            Call { call: Name::Own(Own::PutBucketPublicAccessBlock), on: Some("photos".into()) };
        let made = call.made(&aws(&attacker).asked_once(), &aws(&runner)).await;
        assert_eq!(Answer::of(made, Holder::Ours), refused("AccessDenied"));
        let put = attacker.seen().into_iter().find(|seen| seen.action == "PUT /photos");
        let body = put.expect("a write").body;
        assert!(
            body.contains("<BlockPublicAcls>true<") && body.contains("<IgnorePublicAcls>false<"),
            "{body}"
        );
        assert!(!runner.actions().contains(&"PUT /photos".to_owned()), "the runner only looks");
        let gone = Replay::default();
        let made = call.made(&aws(&attacker).asked_once(), &aws(&gone)).await;
        assert!(
            matches!(Answer::of(made, Holder::Ours), Answer::Unknown(_)),
            "what is there is not known"
        );
    }
}
