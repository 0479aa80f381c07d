//! Which resource types there are and which an account has opted in.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRegionSettings.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{invalid, missing};
use super::model::kind;
use super::resource::Resource;
use crate::wire::time;
use crate::{AwsError, Call};

const OPT_IN: &str = "ResourceTypeOptInPreference";
const MANAGED: &str = "ResourceTypeManagementPreference";

pub(super) fn types() -> Value {
    json!({ "ResourceTypes": Resource::ALL.map(Resource::name) })
}

/// A type that nobody decided about is opted in.
pub(super) fn is_opted_in(desk: &Desk, name: &str) -> bool {
    known(desk)[OPT_IN][name] != false
}

fn known(desk: &Desk) -> Value {
    let defaults: Value =
        Resource::ALL.iter().map(|kind| (kind.name().to_owned(), json!(true))).collect();
    let known: Option<Value> = desk.get(kind::SETTINGS, "region");
    known.unwrap_or_else(|| json!({ OPT_IN: defaults, MANAGED: { "DynamoDB": false } }))
}

pub(super) fn describe(desk: &Desk) -> Value {
    known(desk)
}

pub(super) fn update(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut settings = known(desk);
    for name in [OPT_IN, MANAGED] {
        let given = call.params.get(name).and_then(Value::as_object);
        for (kind, flag) in given.into_iter().flatten() {
            if Resource::of(kind).is_none() || !flag.is_boolean() {
                return Err(invalid(format!("Invalid preference for resource type {kind}")));
            }
            if name == MANAGED && *flag == true {
                return Err(invalid(format!("The lab has no advanced features for {kind}")));
            }
            settings[name][kind] = flag.clone();
        }
    }
    desk.put(kind::SETTINGS, "region", &settings);
    Ok(json!({}))
}

pub(super) fn describe_global(desk: &Desk) -> Value {
    let known: Option<Value> = desk.get(kind::SETTINGS, "global");
    known.unwrap_or_else(|| json!({ "GlobalSettings": { "isCrossAccountBackupEnabled": "false" } }))
}

pub(super) fn update_global(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let given = call.params.get("GlobalSettings").ok_or_else(|| missing("GlobalSettings"))?;
    let settings = json!({ "GlobalSettings": given, "LastUpdateTime": time(Timestamp::now()) });
    desk.put(kind::SETTINGS, "global", &settings);
    Ok(json!({}))
}
