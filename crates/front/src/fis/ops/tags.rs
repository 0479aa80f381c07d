//! Tags of templates and experiments.

use serde_json::{Value, json};

use crate::fis::model::{EXPERIMENT, Record, TEMPLATE, TemplateRecord, Texts};
use crate::fis::validate::Constraints;
use crate::{AwsError, Call, Front};

const MOST: usize = 50;

pub(crate) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    edit(call, front, |tags| Ok(json!({ "tags": tags })))
}

pub(crate) fn tag(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let new: Option<Texts> = call
        .params
        .get("tags")
        .map(|tags| serde_json::from_value(tags.clone()))
        .transpose()
        .map_err(|error| AwsError::new(400, "SerializationException", error.to_string()))?;
    let mut constraints = Constraints::default();
    constraints.required("tags", &new);
    constraints.tags(new.as_ref().unwrap_or(&Texts::new()));
    constraints.finish()?;
    let new = new.unwrap_or_default();
    edit(call, front, |tags| {
        let mut merged = tags.clone();
        merged.extend(new);
        if merged.len() > MOST {
            return Err(AwsError::validation(format!("A resource can have at most {MOST} tags.")));
        }
        *tags = merged;
        Ok(json!({}))
    })
}

/// Without keys, all of them.
pub(crate) fn untag(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let keys = call.query_all("tagKeys");
    edit(call, front, |tags| {
        tags.retain(|key, _| !keys.is_empty() && !keys.contains(&key.as_str()));
        Ok(json!({}))
    })
}

fn edit(
    call: &Call,
    front: &Front,
    edit: impl FnOnce(&mut Texts) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    let arn = call.required("resourceArn")?;
    let missing = || AwsError::not_found(format!("Resource {arn} not found."));
    let own = call.scope.arn("fis", "");
    let resource = arn.strip_prefix(&own).ok_or_else(missing)?;
    let (store, at) = (front.store(), &call.scope);
    let done = match resource.split_once('/') {
        Some(("experiment-template", id)) => {
            store.update(at, TEMPLATE, id, |r: &mut TemplateRecord| edit(&mut r.template.tags))
        }
        Some(("experiment", id)) => {
            store.update(at, EXPERIMENT, id, |r: &mut Record| edit(&mut r.experiment.tags))
        }
        // Actions and safety levers exist; their tags are not kept.
        Some(("action" | "safety-lever", _)) => Some(edit(&mut Texts::new())),
        _ => None,
    };
    done.ok_or_else(missing)?
}
