//! A queue that a step builds as scaffolding: absent, or present with the policy that lets one
//! EventBridge rule send to it. Found by name and recognised as ours by its tags; a queue has no
//! client token, but its name is unique in an account and Region.
//!
//! Encrypted with SQS's own keys, since EventBridge cannot use a customer key without a grant.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::permissions::*;
use crate::aws::{kit::*, owned::Owner};

/// A name is free again 60 s after its queue was deleted, and a deleted queue may answer as long:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>.
const SETTLES: Duration = Duration::from_secs(75);

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Queue {
        /// At most 80 characters of `a-z A-Z 0-9 - _`.
        pub name: String,
        #[serde(flatten)]
        pub owner: Owner,
    }
    // `None`: there is no such queue.
    "sqs.queue" = Option<QueueIs>, target "{name}";
    reads [GET_QUEUE_URL, LIST_QUEUE_TAGS, GET_QUEUE_ATTRIBUTES];
    writes [CREATE_QUEUE, TAG_QUEUE, SET_QUEUE_ATTRIBUTES, DELETE_QUEUE];
    releases [DELETE_QUEUE];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueueIs {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The access policy as a document; null when there is none.
    pub policy: Value,
    /// Encrypted at rest with SQS's own keys.
    pub encrypted: bool,
}

impl QueueIs {
    /// A queue to which only EventBridge may send, and only for `rule` (an ARN).
    pub fn fed_by(rule: &str, queue: &str) -> Self {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "BackburnWatch",
                "Effect": "Allow",
                "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": { "ArnEquals": { "aws:SourceArn": rule } },
            }],
        });
        Self { url: None, policy, encrypted: true }
    }

    fn attributes(&self) -> HashMap<Attribute, String> {
        HashMap::from([
            (Attribute::Policy, self.policy.to_string()),
            (Attribute::SqsManagedSseEnabled, self.encrypted.to_string()),
        ])
    }
}

impl Queue {
    /// ARN of the queue in `world`'s account and Region.
    pub fn arn(&self, aws: &Aws) -> String {
        let scope = aws.scope();
        format!("arn:{}:sqs:{}:{}:{}", aws.partition(), scope.region, scope.account, self.name)
    }

    async fn url(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.sqs().get_queue_url().queue_name(&self.name).send().await;
        Ok(call.by(GET_QUEUE_URL).absent_if_gone()?.and_then(|found| found.queue_url))
    }

    /// The queue's URL, once it is known to be this step's.
    async fn find(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let Some(url) = self.url(aws).await? else { return Ok(None) };
        let call = aws.sqs().list_queue_tags().queue_url(&url).send().await;
        // It may be deleted between the two calls.
        let Some(found) = call.by(LIST_QUEUE_TAGS).absent_if_gone()? else { return Ok(None) };
        let tags = found.tags.unwrap_or_default();
        if self.owner.made(tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))) {
            return Ok(Some(url));
        }
        let text = format!(
            "queue `{}` exists but does not have the tags of this run and step; delete it or choose another name, then try again",
            self.name
        );
        Err(LIST_QUEUE_TAGS.invalid(text))
    }

    async fn create(&self, aws: &Aws, want: &QueueIs) -> Result<(), CallError> {
        let tags = self.owner.tags().map(|(key, value)| (key.to_string(), value));
        let started = Instant::now();
        loop {
            let call = aws
                .sqs()
                .create_queue()
                .queue_name(&self.name)
                .set_attributes(Some(want.attributes()))
                .set_tags(Some(HashMap::from(tags.clone())))
                .send()
                .await
                .by(CREATE_QUEUE);
            match call {
                Err(e) if e.class == Class::Throttled && started.elapsed() < SETTLES => {
                    sleep(aws.patience().longest).await;
                }
                other => return other.map(drop),
            }
        }
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let started = Instant::now();
        while let Some(url) = self.find(aws).await? {
            let call = aws.sqs().delete_queue().queue_url(url).send().await;
            call.by(DELETE_QUEUE).done_if_gone()?;
            if self.url(aws).await?.is_none() || started.elapsed() > SETTLES {
                break;
            }
            sleep(aws.patience().longest).await;
        }
        Ok(())
    }
}

impl Fact<Aws> for Queue {
    async fn read(&self, aws: &Aws) -> Result<Option<QueueIs>, CallError> {
        let Some(url) = self.find(aws).await? else { return Ok(None) };
        let call = aws
            .sqs()
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(Attribute::Policy)
            .attribute_names(Attribute::SqsManagedSseEnabled)
            .send()
            .await;
        let Some(found) = call.by(GET_QUEUE_ATTRIBUTES).absent_if_gone()? else { return Ok(None) };
        let found = found.attributes.unwrap_or_default();
        let policy = found.get(&Attribute::Policy).filter(|text| !text.is_empty());
        Ok(Some(QueueIs {
            url: Some(url),
            policy: policy.map_or(Value::Null, |text| {
                serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
            }),
            encrypted: found
                .get(&Attribute::SqsManagedSseEnabled)
                .is_some_and(|is| is.eq_ignore_ascii_case("true")),
        }))
    }
}

impl Setting<Aws> for Queue {
    async fn write(&self, aws: &Aws, value: &Option<QueueIs>) -> Result<(), CallError> {
        let Some(want) = value else { return self.delete(aws).await };
        let Some(url) = self.find(aws).await? else { return self.create(aws, want).await };
        let call = aws
            .sqs()
            .set_queue_attributes()
            .queue_url(url)
            .set_attributes(Some(want.attributes()))
            .send()
            .await;
        call.map(drop).by(SET_QUEUE_ATTRIBUTES)
    }

    fn agrees(want: &Option<QueueIs>, have: &Option<QueueIs>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.policy == have.policy
                    && want.encrypted == have.encrypted
                    && (want.url.is_none() || have.url.is_none() || want.url == have.url)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
