//! GuardDuty's findings, as they are listed and got. Suppressed ones are among them: they never
//! reach EventBridge, and no responder hears of them, so they do not count.
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListFindings.html>

use aws_sdk_guardduty::types::{Condition, FindingCriteria};
use serde_json::Value;

use super::{
    event::About,
    permissions::*,
    raw::Raw,
    score::{Event, counts_from},
};
use crate::aws::kit::*;

/// Findings that GetFindings takes at once, and ListFindings gives.
const PAGE: i32 = 50;

/// # Errors
/// `Class::Invalid` when GuardDuty is not on in the Region: nothing would ever come.
pub(super) async fn look(
    aws: &Aws,
    types: &[String],
    about: &About<'_>,
) -> Result<Vec<Event>, CallError> {
    let page = |token| aws.guardduty().list_detectors().set_next_token(token).send();
    let pages = Pages::new(LIST_DETECTORS, page).all().await?;
    let detectors: Vec<_> =
        pages.into_iter().flat_map(|page| page.detector_ids.unwrap_or_default()).collect();
    if detectors.is_empty() {
        let text = format!("GuardDuty is not on in {}: it has no detector", aws.scope().region);
        return Err(LIST_DETECTORS.invalid(text));
    }
    let mut events = Vec::new();
    for detector in detectors {
        let call = aws
            .guardduty()
            .list_findings()
            .detector_id(&detector)
            .finding_criteria(criteria(types, about))
            .max_results(PAGE);
        let page = |token| call.clone().set_next_token(token).send();
        let mut pages = Pages::new(LIST_FINDINGS, page);
        while let Some(list) = pages.next().await? {
            let ids = list.finding_ids.unwrap_or_default();
            if !ids.is_empty() {
                events.extend(get(aws, &detector, ids, about).await?);
            }
        }
    }
    Ok(events)
}

fn criteria(types: &[String], about: &About<'_>) -> FindingCriteria {
    let since = counts_from(about.since).as_millisecond();
    let updated = Condition::builder().greater_than_or_equal(since).build();
    let current = Condition::builder().equals("false").build();
    let criteria = FindingCriteria::builder()
        .criterion("updatedAt", updated)
        .criterion("service.archived", current);
    match types.is_empty() {
        true => criteria.build(),
        false => {
            let types = Condition::builder().set_equals(Some(types.to_vec())).build();
            criteria.criterion("type", types).build()
        }
    }
}

async fn get(
    aws: &Aws,
    detector: &str,
    ids: Vec<String>,
    about: &About<'_>,
) -> Result<Vec<Event>, CallError> {
    let raw = Raw::default();
    aws.guardduty()
        .get_findings()
        .detector_id(detector)
        .set_finding_ids(Some(ids))
        .customize()
        .interceptor(raw.clone())
        .send()
        .await
        .by(GET_FINDINGS)?;
    let now = aws.now().await?;
    let answer = raw.take();
    let found = answer["findings"].as_array();
    Ok(found.into_iter().flatten().map(|f: &Value| about.of_finding(f, now)).collect())
}
