//! `GetAction`, `ListActions`, `GetTargetResourceType`, `ListTargetResourceTypes`.

use serde_json::{Map, Value, json};

use super::page::page;
use crate::fis::catalogue::{
    ACTIONS, ActionSpec, RESOURCE_TYPES, ResourceType, find, resource_type,
};
use crate::{AwsError, Call};

pub(crate) fn get(call: &Call) -> Result<Value, AwsError> {
    let id = call.required("id")?;
    let spec =
        find(id).ok_or_else(|| AwsError::not_found(format!("Action \"{id}\" not found.")))?;
    let mut action = summary(call, spec);
    let parameters: Map<String, Value> = spec
        .parameters
        .iter()
        .map(|p| {
            (p.name.into(), json!({ "description": p.description, "required": p.is_required }))
        })
        .collect();
    action.insert("parameters".into(), parameters.into());
    Ok(json!({ "action": action }))
}

pub(crate) fn list(call: &Call) -> Result<Value, AwsError> {
    page(call, "actions", ACTIONS.iter().map(|spec| summary(call, spec).into()).collect())
}

fn summary(call: &Call, spec: &ActionSpec) -> Map<String, Value> {
    let part = spec.target.iter();
    let targets: Map<String, Value> =
        part.map(|p| (p.name.into(), json!({ "resourceType": p.resource_type }))).collect();
    Map::from_iter([
        ("id".into(), spec.id.into()),
        ("arn".into(), call.scope.arn("fis", &format!("action/{}", spec.id)).into()),
        ("description".into(), spec.description.into()),
        ("targets".into(), targets.into()),
        ("tags".into(), json!({})),
    ])
}

pub(crate) fn get_resource_type(call: &Call) -> Result<Value, AwsError> {
    let id = call.required("resourceType")?;
    let kind = resource_type(id);
    let kind =
        kind.ok_or_else(|| AwsError::not_found(format!("Resource type \"{id}\" not found.")))?;
    let mut shown = describe(kind);
    let parameters: Map<String, Value> = kind
        .parameters
        .iter()
        .map(|(name, text)| ((*name).into(), json!({ "description": text, "required": false })))
        .collect();
    shown.insert("parameters".into(), parameters.into());
    Ok(json!({ "targetResourceType": shown }))
}

pub(crate) fn list_resource_types(call: &Call) -> Result<Value, AwsError> {
    let all = RESOURCE_TYPES.iter().map(|kind| describe(kind).into()).collect();
    page(call, "targetResourceTypes", all)
}

fn describe(kind: &ResourceType) -> Map<String, Value> {
    Map::from_iter([
        ("resourceType".into(), kind.id.into()),
        ("description".into(), kind.description.into()),
    ])
}
