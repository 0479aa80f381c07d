//! Every rule, broken one at a time.

use serde_json::{Value, json};

use super::*;
use crate::fis::model::Moment;

fn valid() -> Value {
    json!({
        "id": "EXT1", "arn": "arn:aws:fis:us-east-1:123456789012:experiment-template/EXT1",
        "description": "stop one", "creationTime": Moment::now(), "lastUpdateTime": Moment::now(),
        "roleArn": "arn:aws:iam::123456789012:role/fis", "tags": {},
        "experimentOptions": {}, "targetAccountConfigurationsCount": 0,
        "stopConditions": [{"source": "none"}],
        "targets": {"one": {
            "resourceType": "aws:ec2:instance", "resourceTags": {"a": "b"}, "selectionMode": "ALL"
        }},
        "actions": {"stop": {
            "actionId": "aws:ec2:stop-instances", "targets": {"Instances": "one"},
            "parameters": {"startInstancesAfterDuration": "PT2M"}
        }},
    })
}

fn with(path: &str, value: Value) -> Result<(), AwsError> {
    let mut template = valid();
    let (parent, key) = path.rsplit_once('/').expect("a path");
    let parent = template.pointer_mut(parent).and_then(Value::as_object_mut).expect("there");
    parent.insert(key.into(), value);
    check(&serde_json::from_value(template).expect("a template"))
}

fn refused(path: &str, value: Value, code: &str, part: &str) {
    let error = with(path, value.clone()).expect_err(&format!("{path} = {value}"));
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(part), "{error} has no `{part}`");
}

const VALIDATION: &str = "ValidationException";
const QUOTA: &str = "ServiceQuotaExceededException";

#[test]
fn a_valid_template_is_taken() {
    with("/description", json!("x")).expect("valid");
}

#[test]
fn roles_and_stop_conditions() {
    for arn in ["arn:aws:iam::123456789012:user/fis", "arn:aws:iam::1:role/fis-too-short-account"] {
        refused("/roleArn", json!(arn), VALIDATION, "not the ARN of an IAM role");
    }
    refused("/roleArn", json!("fis"), VALIDATION, "length greater than or equal to 20");
    refused("/stopConditions", json!([]), VALIDATION, "At least one stop condition");
    refused("/stopConditions", json!([{}]), VALIDATION, "requires a source");
    refused("/stopConditions", json!([{"source": "x"}]), VALIDATION, "\"x\" is not valid");
    let alarm = "aws:cloudwatch:alarm";
    refused("/stopConditions", json!([{"source": alarm}]), VALIDATION, "requires a value");
    let odd = json!([{"source": alarm, "value": "arn:aws:sns:us-east-1:1:topic"}]);
    refused("/stopConditions", odd, VALIDATION, "not the ARN of a CloudWatch alarm");
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b";
    let good = json!({"source": alarm, "value": arn});
    with("/stopConditions", json!([good])).expect("valid");
    refused("/stopConditions", json!([good, {"source": "none"}]), VALIDATION, "combined");
    refused("/stopConditions", json!(vec![good; 6]), QUOTA, "the limit is 5");
}

#[test]
fn targets() {
    refused("/targets/one/resourceType", json!("aws:ecs:task"), VALIDATION, "not supported");
    let arn = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
    refused(
        "/targets/one/resourceArns",
        json!([arn]),
        VALIDATION,
        "both resource ARNs and resource tags",
    );
    refused("/targets/one/resourceTags", json!({}), VALIDATION, "You must specify");
    refused(
        "/targets/one/parameters",
        json!({"vpc": "v"}),
        VALIDATION,
        "Unexpected parameter \"vpc\"",
    );
    let filter = |path: &str| json!([{"path": path, "values": ["v"]}]);
    with("/targets/one/filters", filter("State.Name")).expect("valid");
    refused("/targets/one/filters", filter("state.name"), VALIDATION, "filter path");
    refused("/targets/one/filters", json!([{"path": "A", "values": []}]), VALIDATION, "no values");
    for mode in ["COUNT(0)", "PERCENT(101)", "SOME", "COUNT", "count(1)"] {
        refused("/targets/one/selectionMode", json!(mode), VALIDATION, "selection mode");
    }
    let by_arn = |arns: Vec<&str>| json!({"resourceType": "aws:ec2:instance", "resourceArns": arns, "selectionMode": "ALL"});
    with("/targets/one", by_arn(vec![arn])).expect("valid");
    refused("/targets/one", by_arn(vec![arn; 6]), VALIDATION, "more than 5");
    refused(
        "/targets/one",
        by_arn(vec!["arn:aws:s3:::b"]),
        VALIDATION,
        "not an ARN of resource type",
    );
}

#[test]
fn actions_and_their_targets() {
    refused("/actions", json!({}), VALIDATION, "at least one action");
    refused("/actions/stop/actionId", json!("aws:ec2:explode"), VALIDATION, "is not valid");
    refused(
        "/actions/stop/actionId",
        json!("aws:ecs:stop-task"),
        VALIDATION,
        "not supported in the lab",
    );
    let part = json!({"Clusters": "one"});
    refused(
        "/actions/stop/targets",
        part,
        VALIDATION,
        "Unexpected target \"Clusters\" found in action \"stop\".",
    );
    refused("/actions/stop/targets", json!({"Instances": "two"}), VALIDATION, "is not defined");
    refused(
        "/actions/stop/targets",
        json!({}),
        VALIDATION,
        "Missing required target \"Instances\"",
    );
    let subnet = json!({"resourceType": "aws:ec2:subnet", "resourceTags": {"a": "b"}, "selectionMode": "ALL"});
    refused("/targets/one", subnet, VALIDATION, "the action takes aws:ec2:instance");
}

#[test]
fn parameters() {
    let at = "/actions/stop/parameters";
    for bad in ["5m", "PT30S", "PT13H", "P1D"] {
        refused(at, json!({"startInstancesAfterDuration": bad}), VALIDATION, "must be a duration");
    }
    refused(at, json!({"x": "y"}), VALIDATION, "Unexpected parameter \"x\"");
    let alone = json!({"completeIfInstancesTerminated": "true"});
    refused(at, alone, VALIDATION, "is required with");
    let wait = json!({"actionId": "aws:fis:wait"});
    refused("/actions/stop", wait, VALIDATION, "Missing required parameter \"duration\"");
}

#[test]
fn the_graph_and_its_quotas() {
    let wait = |after: &[&str], lasts: &str| json!({"actionId": "aws:fis:wait", "parameters": {"duration": lasts}, "startAfter": after});
    refused("/actions/stop/startAfter", json!(["x"]), VALIDATION, "which is no action");
    let cycle = json!({"a": wait(&["b"], "PT1M"), "b": wait(&["a"], "PT1M")});
    refused("/actions", cycle, VALIDATION, "a -> b -> a");
    let many = |count: usize| -> Value {
        (0..count).map(|n| (format!("w{n}"), wait(&[], "PT1M"))).collect()
    };
    with("/actions", many(10)).expect("valid");
    refused("/actions", many(11), QUOTA, "11 actions of the template can run in parallel");
    refused("/actions", many(21), QUOTA, "21 actions; the limit is 20");
    let long = json!({"a": wait(&[], "PT12H"), "b": wait(&["a"], "PT1M")});
    refused("/actions", long, QUOTA, "12 hours");
}

#[test]
fn options_and_lengths() {
    let options = json!({"accountTargeting": "all", "emptyTargetResolutionMode": "ignore"});
    refused("/experimentOptions", options, VALIDATION, "2 validation errors detected");
    refused("/description", json!("x".repeat(513)), VALIDATION, "less than or equal to 512");
    refused("/tags", json!({"": "v"}), VALIDATION, "tags.key");
}
