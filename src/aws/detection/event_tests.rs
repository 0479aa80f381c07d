//! Tests of what events say, on the documented forms of each source.

use serde_json::json;

use super::*;

fn since() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().expect("a moment")
}

fn about(resource: &str) -> About<'_> {
    About { resource, since: since() }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[test]
fn a_resource_is_named_whole_or_at_the_end_of_an_arn() {
    let event = json!({
        "resources": ["arn:aws:ec2:eu-west-1:111122223333:instance/i-1"],
        "detail": { "list": [{ "bucket": "arn:aws:s3:::logs" }], "text": "stopped i-2", "n": 7 },
    });
    for named in ["i-1", "logs", "arn:aws:s3:::logs", "stopped i-2"] {
        assert!(names(&event, named), "{named}");
    }
    for not in ["i-2", "i-", "instance/i-1", "7", "bucket", ""] {
        assert!(!names(&event, not), "{not}");
    }
}

#[test]
fn a_state_change_has_the_envelopes_time() {
    let event = json!({
        "id": "e-1", "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
        "time": "2026-11-24T10:00:07Z",
        "resources": ["arn:aws:ec2:us-east-1:1:instance/i-1"],
        "detail": { "instance-id": "i-1", "state": "stopped" },
    });
    let found = about("i-1").of_bus(&event, time("2026-11-24T10:00:09Z"));
    assert_eq!(found.len(), 1);
    assert!(found[0].binds);
    assert_eq!(found[0].created, time("2026-11-24T10:00:07Z"));
    assert_eq!(found[0].kind, "EC2 Instance State-change Notification");
}

#[test]
fn an_alarms_own_time_is_finer() {
    let event = json!({
        "id": "e-1", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "time": "2026-11-24T10:00:40Z",
        "detail": {
            "alarmName": "cpu",
            "state": { "value": "ALARM", "reason": "crossed", "timestamp": "2026-11-24T10:00:40.985+0000" },
            "configuration": { "metrics": [{ "metricStat": { "metric": { "dimensions": { "InstanceId": "i-1" } } } }] },
        },
    });
    let found = about("i-1").of_bus(&event, since());
    assert_eq!(found[0].created, time("2026-11-24T10:00:40.985Z"));
    assert_eq!((found[0].kind.as_str(), found[0].title.as_str()), ("cpu", "crossed"));
    assert!(found[0].binds);
}

fn finding(created: &str, updated: &str, info: &Value) -> Value {
    json!({
        "id": "f-1", "type": "Stealth:IAMUser/CloudTrailLoggingDisabled", "title": "trail was disabled",
        "createdAt": created, "updatedAt": updated,
        "resource": { "accessKeyDetails": { "userName": "mallory" } },
        "service": { "additionalInfo": info, "eventLastSeen": updated },
    })
}

/// AWS changes a finding and sends it again for other reasons than that something happened: it is as old as the
/// last activity that it is about, whatever its own times and the envelope say.
#[test]
fn an_old_finding_that_is_sent_again_does_not_count() {
    let mut old = finding("2026-11-23T10:00:00Z", "2026-11-24T10:01:00Z", &json!({}));
    old["service"]["eventLastSeen"] = "2026-11-23T09:59:00Z".into();
    let envelope = json!({ "id": "e", "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "time": "2026-11-24T10:01:05Z", "detail": old });
    let found = about("mallory").of_bus(&envelope, time("2026-11-24T10:01:06Z"));
    assert_eq!(found[0].created, time("2026-11-23T09:59:00Z"));
    // Without that time only one that is new altogether counts: the envelope's is not its own.
    let mut unknown = envelope.clone();
    unknown["detail"]["service"] = json!({});
    let found = about("mallory").of_bus(&unknown, time("2026-11-24T10:01:06Z"));
    assert_eq!(found[0].created, time("2026-11-23T10:00:00Z"));
    for name in ["createdAt", "updatedAt"] {
        unknown["detail"][name] = json!(null);
    }
    let found = about("mallory").of_bus(&unknown, time("2026-11-24T10:01:06Z"));
    assert!(found[0].created < since(), "{:?}", found[0].created);
    let hub = json!({ "source": "aws.securityhub", "detail-type": "Security Hub Findings - Imported",
        "time": "2026-11-24T10:00:05Z",
        "detail": { "findings": [{ "Id": "a", "Types": ["TTPs/Impact"], "Title": "a",
            "CreatedAt": "2026-11-23T10:00:03Z", "UpdatedAt": "2026-11-24T10:00:03Z",
            "LastObservedAt": "2026-11-23T10:00:03Z" }] } });
    let found = about("a").of_bus(&hub, since());
    assert_eq!(found[0].created, time("2026-11-23T10:00:03Z"));
}

#[test]
fn an_older_finding_counts_from_its_update() {
    let info = json!({ "type": "default" });
    let new = finding("2026-11-24T10:00:10.5Z", "2026-11-24T10:01:00Z", &info);
    let found = about("mallory").of_finding(&new, since());
    assert_eq!(found.created, time("2026-11-24T10:00:10.5Z"));
    assert!(found.binds && !found.sample);
    let old = finding("2026-11-23T10:00:00Z", "2026-11-24T10:01:00Z", &info);
    let again = about("mallory").of_finding(&old, since());
    assert_eq!(again.created, time("2026-11-24T10:01:00Z"));
    assert_ne!(found.id, again.id);
}

#[test]
fn a_sample_never_binds() {
    let at = "2026-11-24T10:00:10Z";
    for info in
        [json!({ "sample": true }), json!({ "type": "default", "value": "{\"sample\":true}" })]
    {
        let found = about("mallory").of_finding(&finding(at, at, &info), since());
        assert!(found.sample && !found.binds, "{info}");
    }
    let mut titled = finding(at, at, &json!({}));
    titled["title"] = "[SAMPLE] trail was disabled".into();
    assert!(about("mallory").of_finding(&titled, since()).sample);
}

#[test]
fn a_recorded_call_has_its_own_time_and_name() {
    let event = json!({
        "id": "e-1", "source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail",
        "time": "2026-11-24T10:04:00Z",
        "detail": {
            "eventID": "c-1", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
            "eventTime": "2026-11-24T10:00:01Z", "errorCode": "AccessDenied",
            "requestParameters": { "name": "arn:aws:cloudtrail:us-east-1:1:trail/main" },
        },
    });
    let found = about("main").of_bus(&event, since());
    assert!(found[0].binds);
    assert_eq!(found[0].created, time("2026-11-24T10:00:01Z"));
    assert_eq!(found[0].title, "call to cloudtrail.amazonaws.com, refused with AccessDenied");
}

#[test]
fn security_hub_tells_of_each_finding() {
    let one = |id: &str, resource: &str| {
        json!({ "Id": id, "Types": ["TTPs/Impact"], "Title": id, "Resources": [{ "Id": resource }],
            "CreatedAt": "2026-11-24T10:00:03Z", "UpdatedAt": "2026-11-24T10:00:03Z" })
    };
    let mut sample = one("s", "arn:aws:s3:::logs");
    sample["Sample"] = true.into();
    let event = json!({
        "source": "aws.securityhub", "detail-type": "Security Hub Findings - Imported",
        "time": "2026-11-24T10:00:05Z",
        "detail": { "findings": [one("a", "arn:aws:s3:::logs"), one("b", "arn:aws:s3:::x"), sample] },
    });
    let found = about("logs").of_bus(&event, since());
    let binds: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.binds, f.sample)).collect();
    assert_eq!(binds, [("a", true, false), ("b", false, false), ("s", false, true)]);
}

/// What every event has names no resource: an account, a Region, the call itself.
#[test]
fn what_every_event_has_binds_nothing() {
    let event = json!({
        "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
        "account": "123456789012", "region": "us-east-1", "time": "2026-11-24T10:00:05Z",
        "detail": { "eventName": "ListUsers", "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1",
            "recipientAccountId": "123456789012", "eventTime": "2026-11-24T10:00:04Z",
            "userIdentity": { "accountId": "123456789012", "accessKeyId": "AKIAEXAMPLE" } },
    });
    for resource in ["123456789012", "us-east-1", "ListUsers", "iam.amazonaws.com"] {
        assert!(!about(resource).of_bus(&event, since())[0].binds, "{resource}");
    }
    assert!(about("AKIAEXAMPLE").of_bus(&event, since())[0].binds);
}

#[test]
fn security_hub_sends_ocsf_too() {
    let event = json!({
        "source": "aws.securityhub", "detail-type": "Findings Imported V2",
        "time": "2026-11-24T10:00:05Z",
        "detail": { "findings": [{
            "finding_info": { "uid": "a", "title": "t", "types": ["TTPs/Impact"],
                "created_time_dt": "2026-11-24T10:00:03Z", "modified_time_dt": "2026-11-24T10:00:04Z",
                "last_seen_time_dt": "2026-11-24T10:00:03Z" },
            "resources": [{ "uid": "arn:aws:s3:::logs" }] }] },
    });
    let found = about("logs").of_bus(&event, since()).swap_remove(0);
    assert_eq!((found.name.as_str(), found.kind.as_str()), ("a", "TTPs/Impact"));
    assert_eq!((found.created, found.binds), (time("2026-11-24T10:00:03Z"), true));
}

#[test]
fn what_has_no_time_was_created_when_it_came() {
    let came = time("2026-11-24T10:00:05Z");
    let found = about("x").of_bus(&json!({ "detail": "odd" }), came);
    assert_eq!((found[0].created, found[0].binds), (came, false));
}
