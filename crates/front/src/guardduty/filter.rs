//! Filters; those with the action `ARCHIVE` suppress what they fit: it is archived at once and never published.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::bad::{filter_exists, invalid, missing, no_filter, too_many};
use super::criteria::Criteria;
use super::{detector, page};
use crate::wire::time;
use crate::{AwsError, Call, Front, Scope};

pub(super) const KIND: &str = "guardduty.filter";
const MOST: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Filter {
    pub name: String,
    pub description: String,
    /// `NOOP` or `ARCHIVE`.
    pub action: String,
    pub rank: i64,
    pub criteria: Value,
    pub tags: Map<String, Value>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub version: i64,
}

impl Filter {
    pub(super) fn suppresses(&self, finding: &Value) -> bool {
        self.action == "ARCHIVE"
            && Criteria::read(Some(&self.criteria)).is_ok_and(|criteria| criteria.fits(finding))
    }

    fn change(&mut self, call: &Call) -> Result<(), AwsError> {
        if let Some(action) = call.text("action") {
            if !["NOOP", "ARCHIVE"].contains(&action) {
                return Err(invalid("action"));
            }
            self.action = action.into();
        }
        if let Some(rank) = call.number("rank") {
            if !(1..=100).contains(&rank) {
                return Err(invalid("rank"));
            }
            self.rank = rank;
        }
        if let Some(description) = call.text("description") {
            self.description = description.into();
        }
        if let Some(criteria) = call.params.get("findingCriteria").filter(|value| !value.is_null())
        {
            Criteria::read(Some(criteria))?;
            self.criteria = criteria.clone();
        }
        Ok(())
    }
}

pub(super) fn all(front: &Front, at: &Scope) -> Vec<Filter> {
    front.store().list(at, KIND)
}

fn named(call: &Call, front: &Front) -> Result<Filter, AwsError> {
    detector::named(call, front)?;
    let name = call
        .text("FilterName")
        .or_else(|| call.text("filterName"))
        .ok_or_else(|| missing("filterName"))?;
    front.store().get(&call.scope, KIND, name).ok_or_else(no_filter)
}

pub(super) fn create(call: &Call, front: &Front) -> Result<Value, AwsError> {
    detector::named(call, front)?;
    let name = call.text("name").ok_or_else(|| missing("name"))?;
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !(3..=64).contains(&name.len()) || !is_plain {
        return Err(invalid("name"));
    }
    if call.params.get("findingCriteria").is_none_or(Value::is_null) {
        return Err(missing("findingCriteria"));
    }
    let others = all(front, &call.scope);
    if others.iter().any(|other| other.name == name) {
        return Err(filter_exists());
    }
    if others.len() >= MOST {
        return Err(too_many("filters"));
    }
    let now = Timestamp::now();
    let mut filter = Filter {
        name: name.into(),
        description: String::new(),
        action: "NOOP".into(),
        rank: i64::try_from(others.len()).unwrap_or(0) + 1,
        criteria: json!({}),
        tags: call.params["tags"].as_object().cloned().unwrap_or_default(),
        created: now,
        updated: now,
        version: 1,
    };
    filter.change(call)?;
    front.store().put(&call.scope, KIND, name, &filter);
    Ok(json!({"name": name}))
}

pub(super) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let filter = named(call, front)?;
    Ok(json!({
        "name": filter.name,
        "description": filter.description,
        "action": filter.action,
        "rank": filter.rank,
        "findingCriteria": filter.criteria,
        "tags": filter.tags,
        "createdAt": time(filter.created),
        "updatedAt": time(filter.updated),
        "version": filter.version,
    }))
}

pub(super) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    detector::named(call, front)?;
    let mut filters = all(front, &call.scope);
    filters.sort_by_key(|filter| filter.rank);
    page::cut(call, filters.into_iter().map(|filter| json!(filter.name)).collect(), "filterNames")
}

pub(super) fn update(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let mut filter = named(call, front)?;
    filter.change(call)?;
    filter.updated = Timestamp::now();
    filter.version += 1;
    front.store().put(&call.scope, KIND, &filter.name, &filter);
    Ok(json!({"name": filter.name}))
}

pub(super) fn delete(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let filter = named(call, front)?;
    front.store().remove(&call.scope, KIND, &filter.name);
    Ok(json!({}))
}
