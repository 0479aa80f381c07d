//! The gate in the real SDK, against canned answers: what is repeated, how often, and signed with what.

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{
        Aws, OnlyRefused, call_error,
        replay::{Replay, retrying},
    },
    engine::{CallError, Class, World},
};

const CALL: &str = "GetCallerIdentity";
const IDENTITY: &str =
    "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>";

fn refusal(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

async fn ask(aws: &Aws) -> Result<(), CallError> {
    let sent = aws.sts().get_caller_identity().send().await;
    sent.map(drop).map_err(|e| call_error("sts:GetCallerIdentity", e))
}

#[tokio::test]
async fn a_throttled_call_is_repeated_beyond_the_attempts_of_the_sdk() {
    let mut replay = Replay::default();
    for _ in 0..8 {
        replay = replay.ec2_error("DescribeVolumes", 503, "RequestLimitExceeded", "Slower.");
    }
    let replay = replay.xml("DescribeVolumes", "<DescribeVolumesResponse/>");
    let aws = retrying(&replay);
    let filter = aws_sdk_ec2::types::Filter::builder().name("tag:x").values("y").build();
    aws.ec2().describe_volumes().filters(filter).send().await.expect("the ninth answer");
    assert_eq!(replay.actions().len(), 9);
}

#[tokio::test]
async fn what_is_only_busy_is_repeated_as_well() {
    let busy = refusal("ConcurrentModification");
    let replay = Replay::default().answer(CALL, 409, &busy).xml(CALL, IDENTITY);
    ask(&retrying(&replay)).await.expect("the second answer");
}

#[tokio::test]
async fn a_refusal_of_credentials_that_were_good_is_outlived() {
    let refused = refusal("InvalidClientTokenId");
    let replay = Replay::default()
        .xml(CALL, IDENTITY)
        .answer(CALL, 403, &refused)
        .answer(CALL, 403, &refused)
        .answer(CALL, 403, &refused)
        .xml(CALL, IDENTITY);
    let aws = retrying(&replay);
    ask(&aws).await.expect("good credentials");
    ask(&aws).await.expect("the refusal has passed");
    assert_eq!(replay.actions().len(), 5);
}

#[tokio::test]
async fn credentials_that_never_were_good_are_loaded_anew_once() {
    let replay = Replay::default().answer(CALL, 403, &refusal("InvalidClientTokenId"));
    let error = ask(&retrying(&replay)).await.expect_err("refused");
    assert_eq!(error.class, Class::Expired);
    assert_eq!(replay.actions().len(), 2, "the source has nothing else");
}

#[tokio::test]
async fn a_key_of_a_drill_that_is_refused_is_a_result() {
    const KEY: &str = "AKIAI44QH8DHBEXAMPLE";
    let who = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn>\
               </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let replay =
        Replay::default().xml(CALL, who).answer(CALL, 403, &refusal("InvalidClientTokenId"));
    let aws = retrying(&replay);
    aws.remember_secret(KEY, "secret");
    let theirs = aws.as_access_key(KEY).await.expect("accepted");
    let error = ask(&theirs).await.expect_err("refused");
    assert_eq!(error.class, Class::Expired);
    assert_eq!(replay.actions().len(), 2, "not tried again");
}

/// AWS is three hours ahead of this machine: the first signature is refused, the second one has AWS's
/// time, and so has a cut-off.
#[tokio::test]
async fn a_signature_refused_for_its_time_is_made_by_awss_clock() {
    for code in ["RequestExpired", "SignatureDoesNotMatch", "RequestTimeTooSkewed"] {
        let theirs = Timestamp::now() + SignedDuration::from_hours(3);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = date.timestamp_to_rfc9110_string(&theirs).expect("a date");
        let replay =
            Replay::default().date(&date).answer(CALL, 403, &refusal(code)).xml(CALL, IDENTITY);
        let aws = retrying(&replay);
        ask(&aws).await.unwrap_or_else(|error| panic!("{code}: {error}"));
        let seen = replay.seen();
        assert_eq!(seen.len(), 2, "{code}");
        let hour = |at: Timestamp| at.to_string().replace(['-', ':'], "")[..11].to_owned();
        let ours = theirs - SignedDuration::from_hours(3);
        assert!(seen[0].signed_at.starts_with(&hour(ours)), "{:?}", seen[0]);
        assert!(seen[1].signed_at.starts_with(&hour(theirs)), "{:?}", seen[1]);
        let now = aws.now().await.expect("known");
        assert!(now.duration_since(theirs).abs() < SignedDuration::from_secs(30), "{now}");
    }
}

#[tokio::test]
async fn a_call_without_a_token_is_repeated_only_when_it_was_refused() {
    let once = || aws_sdk_sts::config::Config::builder().retry_classifier(OnlyRefused);
    let lost = Replay::default().answer(CALL, 500, &refusal("InternalFailure"));
    let aws = retrying(&lost);
    let call = aws.sts().get_caller_identity().customize().config_override(once());
    assert!(call.send().await.is_err());
    assert_eq!(lost.actions().len(), 1, "it may have taken effect");

    let slow = Replay::default().answer(CALL, 400, &refusal("Throttling")).xml(CALL, IDENTITY);
    let aws = retrying(&slow);
    let call = aws.sts().get_caller_identity().customize().config_override(once());
    call.send().await.expect("the second answer");
    assert_eq!(slow.actions().len(), 2);
}

#[tokio::test]
async fn codes_are_read_in_each_protocol() {
    use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, http::StatusCode};
    use aws_smithy_types::body::SdkBody;

    let code = |header: Option<(&'static str, &'static str)>, body: &'static str| {
        let status = StatusCode::try_from(400).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        crate::aws::error::code_of(&response)
    };
    let some = |code: &str| Some(code.to_owned());
    assert_eq!(code(None, "<R><Code>SlowDown</Code></R>"), some("SlowDown"));
    let json = r#"{"__type":"com.amazonaws.x#ThrottlingException","message":"m"}"#;
    assert_eq!(code(None, json), some("ThrottlingException"));
    let spaced = r#"{ "__type" : "ExpiredTokenException" }"#;
    assert_eq!(code(None, spaced), some("ExpiredTokenException"));
    let named = ("x-amzn-errortype", "TooManyRequestsException:http://x/");
    assert_eq!(code(Some(named), "{}"), some("TooManyRequestsException"));
    let query = ("x-amzn-query-error", "Throttling;Sender");
    assert_eq!(code(Some(query), ""), some("Throttling"));
    assert_eq!(code(None, "<html>"), None);
}
