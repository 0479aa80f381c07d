//! Writing and reading the items of a table. Owns batches, what DynamoDB leaves undone of them, and pages.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use super::{KEY, item::Item, permissions::*};
use crate::aws::kit::*;

/// Puts items, over what has their ids.
pub(super) async fn put(
    aws: &Aws,
    table: &str,
    items: impl IntoIterator<Item = Item>,
) -> Result<(), CallError> {
    let request = |item: Item| {
        let put = PutRequest::builder().set_item(Some(item)).build();
        let put = put.map_err(|e| BATCH_WRITE_ITEM.invalid(e.to_string()))?;
        Ok::<_, CallError>(WriteRequest::builder().put_request(put).build())
    };
    let requests = items.into_iter().map(request).collect::<Result<Vec<_>, _>>()?;
    // As many as one call takes.
    for batch in requests.chunks(25) {
        let left = std::sync::Mutex::new(batch.to_vec());
        let undone = |e: &CallError| e.class == Class::Throttled;
        aws.patiently(undone, || async {
            let now = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let call = aws.dynamodb().batch_write_item().request_items(table, now).send().await;
            let answer = call.by(BATCH_WRITE_ITEM)?;
            let rest = answer.unprocessed_items.unwrap_or_default().remove(table);
            match rest.filter(|rest| !rest.is_empty()) {
                None => Ok(()),
                Some(rest) => {
                    let text = format!("left {} items undone", rest.len());
                    *left.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = rest;
                    Err(CallError::local(BATCH_WRITE_ITEM.action, Class::Throttled, text))
                }
            }
        })
        .await?;
    }
    Ok(())
}

/// All items by id. `Class::Invalid` when there are more than `most`, or an item has no text `id`.
pub(crate) async fn all(
    aws: &Aws,
    table: &str,
    most: usize,
) -> Result<BTreeMap<String, Item>, CallError> {
    let call = aws.dynamodb().scan().table_name(table).consistent_read(true);
    let mut pages = Pages::new(SCAN, |key| call.clone().set_exclusive_start_key(key).send());
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await? {
        for item in page.items.into_iter().flatten() {
            let id = item.get(KEY).and_then(|id| id.as_s().ok()).cloned();
            let id = id.ok_or_else(|| {
                let text = format!("table `{table}` has items without a text `{KEY}`");
                SCAN.invalid(text)
            })?;
            if found.insert(id, item).is_some() {
                let text = format!("table `{table}` has a sort key beside `{KEY}`");
                return Err(SCAN.invalid(text));
            }
            if found.len() > most {
                let text = format!("table `{table}` has more than {most} items");
                return Err(SCAN.invalid(text));
            }
        }
    }
    Ok(found)
}
