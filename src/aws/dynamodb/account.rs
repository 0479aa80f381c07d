//! The DynamoDB part of an account: tables with their keys, billing, protection, tags and items. Not
//! their indexes, streams and backups.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("dynamodb.canary", &[]), ("dynamodb.items", &[]), ("dynamodb.table", &[])],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut pages = self.0.list_tables().into_paginator().items().send();
            let mut all = Vec::new();
            while let Some(name) = pages.next().await {
                let name = name.map_err(why)?;
                all.push((Some(name.clone()), table(&self.0, &name).await?));
            }
            Ok(json!({ "tables": by_id(all) }))
        })
    }
}

async fn table(dynamodb: &Client, name: &str) -> Read {
    let found = dynamodb.describe_table().table_name(name).send().await.map_err(why)?.table;
    let Some(table) = found else { return Ok(Value::Null) };
    let call = dynamodb.list_tags_of_resource().set_resource_arn(table.table_arn.clone());
    let tags = call.send().await.map_err(why)?.tags.unwrap_or_default();
    let tags: Value = tags.into_iter().map(|tag| (tag.key, json!(tag.value))).collect();
    let keys = table.key_schema().iter();
    let keys: Vec<_> =
        keys.map(|key| json!([key.attribute_name(), key.key_type().as_str()])).collect();
    let billing = table.billing_mode_summary().and_then(|billing| billing.billing_mode());
    let mut pages = dynamodb.scan().table_name(name).into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.next().await {
        items.push(plain(&AttributeValue::M(item.map_err(why)?)));
    }
    Ok(json!({
        "keys": keys, "billing": billing.map(aws_sdk_dynamodb::types::BillingMode::as_str),
        "state": table.table_status().map(aws_sdk_dynamodb::types::TableStatus::as_str),
        "protected": table.deletion_protection_enabled(), "tags": tags, "items": items,
    }))
}

/// A value with its type.
fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::M(map) => {
            map.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        // In order, which counts: a text is not sorted by the comparison of accounts.
        AttributeValue::L(list) => {
            Value::Array(list.iter().map(plain).collect()).to_string().into()
        }
        AttributeValue::Ss(set) => json!({ "SS": set }),
        AttributeValue::Ns(set) => json!({ "NS": set }),
        other => format!("{other:?}").into(),
    }
}
