//! Findings read and handled: lists, archive, feedback.

use serde_json::{Value, json};

use super::bad::{invalid, missing};
use super::criteria::{self, Criteria};
use super::finding::{KIND, Record};
use super::{detector, page};
use crate::{AwsError, Call, Front};

const MOST: usize = 50;

/// Findings that a call's criteria mean, oldest first.
pub(super) fn matching(call: &Call, front: &Front) -> Result<Vec<Value>, AwsError> {
    detector::named(call, front)?;
    let criteria = Criteria::read(call.params.get("findingCriteria"))?;
    let records: Vec<Record> = front.store().list(&call.scope, KIND);
    Ok(records
        .into_iter()
        .map(|record| record.finding)
        .filter(|finding| criteria.fits(finding))
        .collect())
}

pub(super) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let mut findings = matching(call, front)?;
    criteria::sort(&mut findings, call.params.get("sortCriteria"))?;
    page::cut(
        call,
        findings.into_iter().map(|finding| finding["id"].clone()).collect(),
        "findingIds",
    )
}

pub(super) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let ids = named(call, front)?;
    let found = ids.iter().filter_map(|id| front.store().get::<Record>(&call.scope, KIND, id));
    let mut findings: Vec<Value> = found.map(|record| record.finding).collect();
    criteria::sort(&mut findings, call.params.get("sortCriteria"))?;
    Ok(json!({"findings": findings}))
}

pub(super) fn archive(call: &Call, front: &Front, is: bool) -> Result<Value, AwsError> {
    edit(call, front, |record| {
        record.archive(is);
        record.is_suppressed = false;
    })
}

pub(super) fn feedback(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let feedback = call.text("feedback").ok_or_else(|| missing("feedback"))?;
    if !["USEFUL", "NOT_USEFUL"].contains(&feedback) {
        return Err(invalid("feedback"));
    }
    edit(call, front, |record| record.finding["service"]["userFeedback"] = json!(feedback))
}

/// All findings of a call or none.
fn edit(call: &Call, front: &Front, edit: impl Fn(&mut Record)) -> Result<Value, AwsError> {
    let ids = named(call, front)?;
    let store = front.store();
    if ids.iter().any(|id| store.get::<Record>(&call.scope, KIND, id).is_none()) {
        return Err(invalid("findingIds"));
    }
    for id in &ids {
        store.update(&call.scope, KIND, id, &edit);
    }
    Ok(json!({}))
}

fn named(call: &Call, front: &Front) -> Result<Vec<String>, AwsError> {
    detector::named(call, front)?;
    let given = call
        .params
        .get("findingIds")
        .and_then(Value::as_array)
        .ok_or_else(|| missing("findingIds"))?;
    if given.len() > MOST {
        return Err(invalid("findingIds"));
    }
    given
        .iter()
        .map(|id| id.as_str().map(str::to_owned).ok_or_else(|| invalid("findingIds")))
        .collect()
}
