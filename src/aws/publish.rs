//! Publishing to an SNS topic. Owns the call; the content is not decided here.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::json;

use super::{Aws, client::client, kit::By};

client!(sns, aws_sdk_sns);
use crate::engine::{CallError, Class, Permission, World, on};

/// To a topic of any account and Region. One that is encrypted under a customer key also needs
/// `kms:GenerateDataKey` and `kms:Decrypt` on that key, which nothing here can know:
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
pub const PUBLISH: Permission = on("sns:Publish", "arn:aws:sns:*:*:*");

/// One message, in two forms.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Of a mail: ASCII, under 100 characters.
    pub subject: &'a str,
    /// For mail and phones.
    pub text: &'a str,
    /// For queues, functions and web hooks.
    pub data: &'a str,
    /// An attribute that subscriptions can filter by.
    pub event: &'a str,
    pub id: &'a str,
    /// Messages of one group keep their order in a FIFO topic.
    pub group: &'a str,
}

/// Publishes to a topic of any account and Region.
///
/// # Errors
/// The topic is not there, may not be published to, or cannot be reached.
pub async fn publish(
    aws: &Aws,
    topic: &str,
    region: &str,
    message: &Message<'_>,
) -> Result<(), CallError> {
    let Message { subject, text, data, event, id, group } = *message;
    let forms = json!({
        "default": text, "sqs": data, "lambda": data, "http": data, "https": data, "firehose": data,
    });
    let attribute = |value: &str| {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
        attribute
            .build()
            .map_err(|e| CallError::local(PUBLISH.action, Class::Invalid, e.to_string()))
    };
    let there = aws.in_region(region);
    let mut call = there
        .sns()
        .publish()
        .topic_arn(topic)
        .subject(subject)
        .message(forms.to_string())
        .message_structure("json")
        .message_attributes("event", attribute(event)?)
        .message_attributes("id", attribute(id)?);
    if topic.ends_with(".fifo") {
        call = call.message_group_id(group).message_deduplication_id(id);
    }
    call.send().await.map(drop).by(PUBLISH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn a_message_goes_to_the_topics_region_in_a_form_for_each_reader() {
        let answer = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
        let replay = Replay::default().xml("Publish", answer);
        let message = Message {
            subject: "it ended",
            text: "in words",
            data: "{\"as\":\"data\"}",
            event: "run-end",
            id: "abc",
            group: "01RUN",
        };
        let topic = "arn:aws:sns:eu-west-1:123456789012:incident.fifo";
        publish(&aws(&replay), topic, "eu-west-1", &message).await.expect("published");
        let seen = &replay.seen()[0];
        assert!(seen.uri.contains("eu-west-1"), "{}", seen.uri);
        for part in [
            "MessageStructure=json",
            "Subject=it%20ended",
            "MessageDeduplicationId=abc",
            "MessageGroupId=01RUN",
            "MessageAttributes.entry.1.Name=",
        ] {
            assert!(seen.body.contains(part), "{part}: {}", seen.body);
        }
    }
}
