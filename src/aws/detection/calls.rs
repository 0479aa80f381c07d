//! Calls that CloudTrail recorded, from its event history of the last 90 days: management events,
//! some minutes after the call.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Looked,
    event::{About, names},
    permissions::*,
    score::{Event, counts_from},
};
use crate::aws::kit::*;

/// Pages of 50 events that are read of one call's name.
const PAGES: usize = 5;

/// One lookup for each name, as AWS takes one attribute; it allows two lookups a second. The newest come first, so
/// whoever makes enough other calls of a name pushes one out of what is read: `cut_off` says so.
pub(super) async fn look(
    aws: &Aws,
    calls: &[String],
    about: &About<'_>,
) -> Result<Looked, CallError> {
    let invalid = |e: String| LOOKUP_EVENTS.invalid(e);
    let mut looked = Looked::default();
    for name in calls {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|e| invalid(e.to_string()))?;
        let call = aws
            .cloudtrail()
            .lookup_events()
            .lookup_attributes(attribute)
            .start_time(DateTime::from_secs(counts_from(about.since).as_second()));
        let page = |token| call.clone().set_next_token(token).send();
        let mut pages = Pages::new(LOOKUP_EVENTS, page);
        let mut full = 0;
        while full < PAGES
            && let Some(page) = pages.next().await?
        {
            let now = aws.now().await?;
            let found = page.events.unwrap_or_default();
            // An empty page costs nothing of what is looked through.
            full += usize::from(!found.is_empty());
            looked.events.extend(found.into_iter().map(|event| read(about, event, now)));
        }
        looked.cut_off |= pages.has_more();
    }
    Ok(looked)
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
