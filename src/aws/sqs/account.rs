//! The SQS part of an account: queues with their attributes and tags. Not the messages in them.

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("sqs.queue", &[])],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut pages = self.0.list_queues().into_paginator().items().send();
            let mut all = Vec::new();
            while let Some(url) = pages.next().await {
                let url = url.map_err(why)?;
                let told = queue(&self.0, &url).await?;
                all.push((url.rsplit('/').next().map(str::to_owned), told));
            }
            Ok(json!({ "queues": by_id(all) }))
        })
    }
}

async fn queue(sqs: &Client, url: &str) -> Read {
    let call = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let found = call.send().await.map_err(why)?.attributes.unwrap_or_default();
    let passing = |name: &str| name.ends_with("Timestamp") || name.starts_with("Approximate");
    let attributes =
        found.iter().filter(|(name, _)| !passing(name.as_str())).map(|(name, text)| {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
            (name.as_str().to_owned(), value)
        });
    let attributes: Value = attributes.collect();
    let tags = sqs.list_queue_tags().queue_url(url).send().await.map_err(why)?;
    Ok(json!({ "attributes": attributes, "tags": tags.tags }))
}
