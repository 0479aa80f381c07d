//! An event to one target of a rule, through the upstream's own API of that service.

use serde_json::{Value, json};

use super::input::input;
use super::rules::Target;
use crate::{AwsError, Session, ids};

/// # Errors
/// The upstream's, or that targets of this kind are not delivered to.
pub(super) async fn deliver(
    session: &Session,
    rule_arn: &str,
    target: &Target,
    event: &Value,
) -> Result<(), AwsError> {
    let mut parts = target.arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let resource = parts.next().unwrap_or_default();
    let text = input(&target.settings, rule_arn, event);
    let session = if region.is_empty() { session.clone() } else { session.in_region(region) };
    match service {
        "sqs" => {
            let endpoint = session.endpoint();
            let mut message = json!({
                "QueueUrl": format!("{endpoint}/{account}/{resource}"),
                "MessageBody": text,
            });
            if let Some(group) = target.settings.pointer("/SqsParameters/MessageGroupId") {
                message["MessageGroupId"] = group.clone();
                message["MessageDeduplicationId"] = ids::uuid().into();
            }
            session.json("sqs", "AmazonSQS.SendMessage", message).await.map(drop)
        }
        "sns" => {
            let message = json!({ "TopicArn": target.arn, "Message": text });
            session.query("sns", "Publish", message).await.map(drop)
        }
        "lambda" => {
            let path = format!(
                "/2015-03-31/functions/{}/invocations",
                resource.trim_start_matches("function:")
            );
            let headers = [("x-amz-invocation-type", "Event")];
            let method = hyper::Method::POST;
            session.bytes("lambda", "Invoke", method, &path, &headers, text.into()).await.map(drop)
        }
        "states" => {
            let start =
                json!({ "stateMachineArn": target.arn, "input": text, "name": ids::uuid() });
            session.json("states", "AWSStepFunctions.StartExecution", start).await.map(drop)
        }
        "logs" => logs(&session, resource, &text).await,
        "events" => {
            let entry = json!({
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": event["detail"].to_string(),
                "Resources": event["resources"],
                "EventBusName": resource.trim_start_matches("event-bus/"),
            });
            let entries = json!({ "Entries": [entry] });
            session.json("events", "AWSEvents.PutEvents", entries).await.map(drop)
        }
        other => {
            let message = format!("the lab's front delivers no events to targets of `{other}`");
            Err(AwsError::new(400, "UnsupportedTarget", message))
        }
    }
}

async fn logs(session: &Session, resource: &str, text: &str) -> Result<(), AwsError> {
    let group = resource.trim_start_matches("log-group:").trim_end_matches(":*");
    let stream = ids::uuid();
    let names = json!({ "logGroupName": group, "logStreamName": stream });
    session.json("logs", "Logs_20140328.CreateLogStream", names.clone()).await?;
    let now = jiff::Timestamp::now().as_millisecond();
    let mut put = names;
    put["logEvents"] = json!([{ "timestamp": now, "message": text }]);
    session.json("logs", "Logs_20140328.PutLogEvents", put).await.map(drop)
}
