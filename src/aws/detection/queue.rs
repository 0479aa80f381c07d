//! The events that an EventBridge rule put into a queue. They are read and left there.

use std::collections::BTreeSet;

use aws_sdk_sqs::types::MessageSystemAttributeName as Attribute;
use jiff::Timestamp;
use serde_json::Value;

use super::{HIDDEN, event::About, permissions::*, score::Event};
use crate::aws::kit::*;

/// Seconds that the first receive of a look waits, so that all of SQS's servers are asked.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
const WAIT: i32 = 1;
/// Receives in one look, of ten messages each. A pattern that matches more than that while messages
/// are hidden is too wide to be watched.
const MOST: usize = 50;

pub(super) async fn look(aws: &Aws, url: &str, about: &About<'_>) -> Result<Vec<Event>, CallError> {
    let (mut seen, mut events) = (BTreeSet::new(), Vec::new());
    for nth in 0..MOST {
        let call = aws
            .sqs()
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(if nth == 0 { WAIT } else { 0 })
            .visibility_timeout(HIDDEN.as_secs() as i32)
            .message_system_attribute_names(Attribute::SentTimestamp)
            .send()
            .await
            .by(RECEIVE_MESSAGE)?;
        let now = aws.now().await?;
        let mut is_new = false;
        for message in call.messages.into_iter().flatten() {
            is_new |= seen.insert(message.message_id.clone().unwrap_or_default());
            let sent =
                message.attributes.as_ref().and_then(|all| all.get(&Attribute::SentTimestamp));
            // When it came into the queue, which does not depend on when somebody looked.
            let received = sent.and_then(|text| text.parse().ok());
            let received = received.and_then(|at| Timestamp::from_millisecond(at).ok());
            let body = message.body.as_deref().unwrap_or_default();
            if let Ok(envelope) = serde_json::from_str::<Value>(body) {
                events.extend(about.of_bus(&envelope, received.unwrap_or(now)));
            }
        }
        if !is_new {
            break;
        }
    }
    Ok(events)
}
