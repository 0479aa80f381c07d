//! Calls that CloudTrail recorded, from its event history of the last 90 days: management events,
//! some minutes after the call.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    event::{About, names},
    permissions::*,
    score::{Event, counts_from},
};
use crate::aws::kit::*;

/// Pages of 50 events that are read of one call's name.
const PAGES: usize = 5;

/// One lookup for each name, as AWS takes one attribute; it allows two lookups a second.
pub(super) async fn look(
    aws: &Aws,
    calls: &[String],
    about: &About<'_>,
) -> Result<Vec<Event>, CallError> {
    let invalid = |e: String| LOOKUP_EVENTS.invalid(e);
    let mut events = Vec::new();
    for name in calls {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|e| invalid(e.to_string()))?;
        let mut next = None;
        for _ in 0..PAGES {
            let page = aws
                .cloudtrail()
                .lookup_events()
                .lookup_attributes(attribute.clone())
                .start_time(DateTime::from_secs(counts_from(about.since).as_second()))
                .set_next_token(next)
                .send()
                .await
                .by(LOOKUP_EVENTS)?;
            let now = aws.now().await?;
            events.extend(page.events.into_iter().flatten().map(|event| read(about, event, now)));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(events)
}

fn read(about: &About<'_>, found: aws_sdk_cloudtrail::types::Event, now: Timestamp) -> Event {
    let time =
        found.event_time.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok());
    let text = found.cloud_trail_event.as_deref().unwrap_or_default();
    let record = serde_json::from_str::<Value>(text).unwrap_or_else(|_| {
        json!({ "eventID": found.event_id, "eventName": found.event_name, "eventSource": found.event_source })
    });
    let resources: Vec<_> =
        found.resources.iter().flatten().filter_map(|r| r.resource_name.as_deref()).collect();
    let event = about.of_call(&record, time, now);
    // CloudTrail's own index knows resources that the record spells otherwise.
    Event { binds: event.binds || names(&json!(resources), about.resource), ..event }
}
