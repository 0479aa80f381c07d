//! The safety lever: <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fis::Fis;
use crate::fis::model::{EXPERIMENT, Halt, LEVER, Record};
use crate::fis::validate::Constraints;
use crate::{AwsError, Call, Front, Scope};

/// The only one of an account and Region.
const ID: &str = "default";

#[derive(Clone, Serialize, Deserialize)]
struct State {
    is_engaged: bool,
    reason: Option<String>,
}

pub(crate) fn is_engaged(front: &Front, at: &Scope) -> bool {
    front.store().get::<State>(at, LEVER, ID).is_some_and(|state| state.is_engaged)
}

pub(crate) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    checked(call)?;
    Ok(shown(call, front))
}

pub(crate) fn update(call: &Call, front: &Front, fis: &Fis) -> Result<Value, AwsError> {
    checked(call)?;
    let member = |name: &str| {
        let value = call.params.get("state").and_then(|state| state.get(name));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let (status, reason) = (member("status"), member("reason"));
    let mut constraints = Constraints::default();
    if let Some(status) = constraints.required("state.status", &status) {
        constraints.one_of("state.status", status, &["disengaged", "engaged"]);
    }
    constraints.required("state.reason", &reason);
    constraints.finish()?;
    if is_engaged(front, &call.scope) && has_active(front, &call.scope) {
        return Err(AwsError::conflict("The safety lever is engaging and cannot be changed now."));
    }
    let is_engaged = status.as_deref() == Some("engaged");
    front.store().put(&call.scope, LEVER, ID, &State { is_engaged, reason });
    if is_engaged {
        for record in active(front, &call.scope) {
            fis.halt(front, &call.scope, &record.experiment.id, Halt::SafetyLever);
        }
    }
    Ok(shown(call, front))
}

fn checked(call: &Call) -> Result<(), AwsError> {
    let id = call.required("id")?;
    let own = call.scope.arn("fis", &format!("safety-lever/{ID}"));
    if id == ID || id == own {
        return Ok(());
    }
    Err(AwsError::not_found(format!("Safety lever {id} not found.")))
}

/// Experiments that are not over, in the scope.
pub(crate) fn active(front: &Front, at: &Scope) -> Vec<Record> {
    let all: Vec<Record> = front.store().list(at, EXPERIMENT);
    all.into_iter().filter(|record| !record.experiment.state.status.is_over()).collect()
}

fn has_active(front: &Front, at: &Scope) -> bool {
    !active(front, at).is_empty()
}

fn shown(call: &Call, front: &Front) -> Value {
    let state = front.store().get::<State>(&call.scope, LEVER, ID);
    let status = match &state {
        Some(State { is_engaged: true, .. }) if has_active(front, &call.scope) => "engaging",
        Some(State { is_engaged: true, .. }) => "engaged",
        _ => "disengaged",
    };
    let mut shown = json!({
        "id": ID,
        "arn": call.scope.arn("fis", &format!("safety-lever/{ID}")),
        "state": { "status": status },
    });
    if let Some(reason) = state.and_then(|state| state.reason) {
        shown["state"]["reason"] = reason.into();
    }
    json!({ "safetyLever": shown })
}
