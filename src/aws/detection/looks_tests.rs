//! Tests of one look at each source, through the real SDK with documented answers.

use serde_json::{Value, json};

use super::*;
use crate::aws::replay::{Replay, aws};

const DATE: &str = "Tue, 24 Nov 2026 10:00:30 GMT";
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/q";

fn detection(from: Origin, resource: &str) -> Detection {
    Detection {
        name: "trail-stopped".into(),
        from,
        resource: resource.into(),
        since: "2026-11-24T10:00:00Z".into(),
        sample_is_enough: false,
        samples: Vec::new(),
        within: Duration::from_mins(1),
        memory: Memory::default(),
    }
}

fn queue() -> Origin {
    Origin::Queue { url: QUEUE.into() }
}

fn message(id: &str, instance: &str, sent: &str) -> Value {
    let body = json!({
        "id": id, "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
        "time": "2026-11-24T10:00:07Z", "detail": { "instance-id": instance, "state": "stopped" },
    });
    json!({ "MessageId": id, "ReceiptHandle": id, "Body": body.to_string(),
        "Attributes": { "SentTimestamp": sent } })
}

async fn poll(replay: &Replay, detection: &Detection) -> Result<Progress<Detected>, CallError> {
    detection.poll(&aws(replay), "job").await
}

fn done(polled: Result<Progress<Detected>, CallError>) -> Detected {
    match polled {
        Ok(Progress::Done(detected)) => detected,
        other => panic!("not done: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_judged_by_when_it_came_into_the_queue() {
    // 10:00:09.250
    let sent = "1795514409250";
    let messages =
        json!({ "Messages": [message("m-1", "i-2", sent), message("m-2", "i-1", sent)] });
    let replay = Replay::default()
        .date(DATE)
        .answer("ReceiveMessage", 200, &messages.to_string())
        .answer("ReceiveMessage", 200, "{}");
    let detected = done(poll(&replay, &detection(queue(), "i-1")).await);
    assert_eq!(detected.outcome, "pass", "{detected:?}");
    assert_eq!(detected.seconds_to_created, Some(7.0));
    assert_eq!(detected.seconds_to_received, Some(9.25));
    assert_eq!(detected.seen, 2);
    assert_eq!(replay.actions(), ["ReceiveMessage", "ReceiveMessage"], "nothing is deleted");
    let body: Value = serde_json::from_str(&replay.seen()[0].body).expect("JSON");
    assert_eq!((&body["WaitTimeSeconds"], &body["VisibilityTimeout"]), (&json!(1), &json!(5)));
}

#[tokio::test]
async fn a_queue_with_nothing_in_it_is_looked_at_again() {
    let late = "Tue, 24 Nov 2026 12:00:00 GMT";
    let replay = Replay::default().date(late).answer("ReceiveMessage", 200, "{}");
    let running = poll(&replay, &detection(queue(), "i-1")).await.expect("an answer");
    // Two hours late, and yet nothing is concluded from the first look.
    assert!(matches!(running, Progress::Running { .. }), "{running:?}");
}

#[tokio::test]
async fn a_queue_that_is_gone_or_denied_is_told() {
    let gone = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}"#;
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    for (status, body, class) in [(400, gone, Class::Gone), (403, denied, Class::Denied)] {
        let replay = Replay::default().date(DATE).answer("ReceiveMessage", status, body);
        let error = poll(&replay, &detection(queue(), "i-1")).await.expect_err("an error");
        assert_eq!((error.class, error.call.as_str()), (class, RECEIVE_MESSAGE.action));
    }
}

fn lookup(resource: &str) -> String {
    let record = json!({ "eventID": "c-1", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
        "eventTime": "2026-11-24T10:00:01Z", "requestParameters": { "name": "odd" } });
    json!({ "Events": [{ "EventId": "c-1", "EventName": "StopLogging", "EventTime": 1_795_514_401,
        "Resources": [{ "ResourceType": "AWS::CloudTrail::Trail", "ResourceName": resource }],
        "CloudTrailEvent": record.to_string() }] })
    .to_string()
}

fn calls() -> Origin {
    Origin::Calls { names: vec!["StopLogging".into()] }
}

#[tokio::test]
async fn a_recorded_call_binds_by_its_resources_too() {
    let replay = Replay::default().date(DATE).answer("LookupEvents", 200, &lookup("main"));
    let detected = done(poll(&replay, &detection(calls(), "main")).await);
    assert_eq!((detected.outcome.as_str(), detected.seconds_to_created), ("pass", Some(1.0)));
    assert_eq!(detected.detection.map(|what| what.r#type).as_deref(), Some("StopLogging"));
    let body: Value = serde_json::from_str(&replay.seen()[0].body).expect("JSON");
    assert_eq!(body["LookupAttributes"][0]["AttributeKey"], "EventName");
    assert_eq!(body["StartTime"], json!(1_795_514_398));
}

#[tokio::test]
async fn what_was_read_after_the_deadline_for_the_first_time_is_judged_by_its_creation() {
    let late = "Tue, 24 Nov 2026 12:00:00 GMT";
    let replay = Replay::default().date(late).answer("LookupEvents", 200, &lookup("main"));
    assert_eq!(done(poll(&replay, &detection(calls(), "main")).await).outcome, "pass");
    let other = done(poll(&replay, &detection(calls(), "second")).await);
    assert_eq!(other.outcome, "wrong-resource");
    let none = Replay::default().date(late).answer("LookupEvents", 200, r#"{"Events":[]}"#);
    assert_eq!(done(poll(&none, &detection(calls(), "main")).await).outcome, "missed");
}

/// Whoever makes enough other calls of the name cannot turn a detection into `missed`.
#[tokio::test]
async fn more_calls_than_are_read_are_cut_off_and_not_missed() {
    let late = "Tue, 24 Nov 2026 12:00:00 GMT";
    let page = |resource: &str, next: usize| {
        let lookup = lookup(resource).replace("c-1", &format!("c-{next}"));
        let mut page: Value = serde_json::from_str(&lookup).expect("JSON");
        page["NextToken"] = next.to_string().into();
        page.to_string()
    };
    let flooded = |resource: &'static str| {
        let pages = (1..=5).map(|n| page(if n == 5 { resource } else { "other" }, n));
        pages.fold(Replay::default().date(late), |replay, body| {
            replay.answer("LookupEvents", 200, &body)
        })
    };
    let cut = done(poll(&flooded("other"), &detection(calls(), "main")).await);
    assert_eq!(cut.outcome, "cut-off");
    assert!(cut.detail.contains("is not known"), "{}", cut.detail);
    assert_eq!(done(poll(&flooded("main"), &detection(calls(), "main")).await).outcome, "pass");
}

#[tokio::test]
async fn a_throttled_lookup_is_of_its_class() {
    let body = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let replay = Replay::default().date(DATE).answer("LookupEvents", 400, body);
    let error = poll(&replay, &detection(calls(), "main")).await.expect_err("throttled");
    assert_eq!(error.class, Class::Throttled);
}

fn findings(title: &str) -> Replay {
    let found = json!({ "findings": [{
        "id": "f-1", "type": "Stealth:IAMUser/CloudTrailLoggingDisabled", "title": title,
        "accountId": "123456789012", "arn": "arn:aws:guardduty:us-east-1:123456789012:detector/d-1/finding/f-1",
        "createdAt": "2026-11-24T10:00:20.000Z", "updatedAt": "2026-11-24T10:00:20.000Z",
        "region": "us-east-1", "schemaVersion": "2.0", "severity": 2,
        "resource": { "resourceType": "AccessKey", "accessKeyDetails": { "userName": "mallory" } },
        "service": { "eventLastSeen": "2026-11-24T10:00:19.000Z", "action": { "awsApiCallAction": { "affectedResources": { "AWS::CloudTrail::Trail": "main" } } } },
    }] });
    Replay::default()
        .date(DATE)
        .answer("GET /detector", 200, r#"{"detectorIds":["d-1"]}"#)
        .answer("POST /detector/d-1/findings", 200, r#"{"findingIds":["f-1"]}"#)
        .answer("POST /detector/d-1/findings/get", 200, &found.to_string())
}

fn any_finding() -> Origin {
    Origin::Findings { types: vec!["Stealth:IAMUser/CloudTrailLoggingDisabled".into()] }
}

#[tokio::test]
async fn a_finding_binds_by_any_of_its_fields() {
    for resource in ["mallory", "main"] {
        let replay = findings("AWS CloudTrail trail main was disabled.");
        let detected = done(poll(&replay, &detection(any_finding(), resource)).await);
        assert_eq!(detected.outcome, "pass", "{resource}");
        assert_eq!(detected.seconds_to_created, Some(20.0));
        let list = replay.seen().into_iter().find(|seen| seen.action.ends_with("/findings"));
        let body: Value = serde_json::from_str(&list.expect("listed").body).expect("JSON");
        let criteria = &body["findingCriteria"]["criterion"];
        assert_eq!(criteria["updatedAt"]["greaterThanOrEqual"], json!(1_795_514_398_000_i64));
        assert_eq!(criteria["service.archived"]["equals"], json!(["false"]));
    }
}

#[tokio::test]
async fn a_sample_that_names_the_resource_is_plumbing() {
    let late = "Tue, 24 Nov 2026 12:00:00 GMT";
    let replay = findings("[SAMPLE] AWS CloudTrail trail main was disabled.").date(late);
    let mine = Detection { samples: vec!["f-1".into()], ..detection(any_finding(), "main") };
    let detected = done(poll(&replay, &mine).await);
    assert_eq!((detected.outcome.as_str(), detected.detected), ("plumbing-only", Some(false)));
    // Whom a sample is enough for was told by it.
    let replay = findings("[SAMPLE] AWS CloudTrail trail main was disabled.");
    let enough = Detection { sample_is_enough: true, ..mine };
    let detected = done(poll(&replay, &enough).await);
    assert_eq!((detected.outcome.as_str(), detected.detected), ("plumbing-only", Some(true)));
}

/// Somebody else tries their own way while the drill runs.
#[tokio::test]
async fn a_sample_that_the_drill_did_not_make_is_somebody_elses() {
    for samples in [Vec::new(), vec!["f-2".into()]] {
        let sample = || findings("[SAMPLE] AWS CloudTrail trail main was disabled.");
        let other =
            Detection { samples, sample_is_enough: true, ..detection(any_finding(), "main") };
        let running = poll(&sample(), &other).await.expect("an answer");
        assert!(matches!(running, Progress::Running { .. }), "{running:?}");
        let late = "Tue, 24 Nov 2026 12:00:00 GMT";
        let detected = done(poll(&sample().date(late), &other).await);
        assert_eq!(detected.outcome, "wrong-resource");
        assert_eq!(detected.detected, Some(false));
    }
}

#[tokio::test]
async fn guardduty_that_is_off_is_no_missed_detection() {
    let replay = Replay::default().date(DATE).answer("GET /detector", 200, r#"{"detectorIds":[]}"#);
    let error = poll(&replay, &detection(any_finding(), "main")).await.expect_err("off");
    assert!(error.message.contains("GuardDuty is not on in us-east-1"), "{error}");
}

#[tokio::test]
async fn a_moment_that_is_none_is_refused_before_any_call() {
    let replay = Replay::default();
    let odd = Detection { since: "yesterday".into(), ..detection(queue(), "i-1") };
    assert_eq!(poll(&replay, &odd).await.expect_err("refused").class, Class::Invalid);
    assert!(replay.actions().is_empty());
}

#[tokio::test]
async fn a_sample_ends_the_wait_where_it_is_enough() {
    let now = jiff::Timestamp::now();
    let event = |id: &str, sample| Event {
        id: id.into(),
        name: id.into(),
        kind: "test".into(),
        title: String::new(),
        sample,
        binds: false,
        created: now,
        received: now,
    };
    let clocks =
        Clocks { since: now, within: Duration::from_mins(10), now, settled: true, cut_off: false };
    let (sample, other) = (event("s", true), event("o", false));
    assert_eq!(score::sample(&[&other], &clocks), None);
    let judged = score::sample(&[&other, &sample], &clocks).expect("a sample");
    assert_eq!((judged.outcome.word(), judged.seen), ("plumbing-only", 2));
}
