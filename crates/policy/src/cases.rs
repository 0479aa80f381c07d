//! Cases as lines of JSON, judged without an account: one request and its policies a line.
//!
//! ```json
//! {"id": "a", "request": {"principal": "arn:aws:iam::111122223333:user/alice", "action": "s3:GetObject",
//!   "resource": "arn:aws:s3:::bucket/key", "resourceAccount": "111122223333", "context": {"aws:username": "alice"}},
//!  "identity": [{"Version": "2012-10-17", "Statement": [...]}], "boundary": null, "session": null, "resource": null,
//!  "scp": [[...]], "rcp": [[...]]}
//! ```
//!
//! `context` is the whole context: a key that it lacks is absent from the request. A kind of policy that is left out
//! or `null` is not in force.

use serde_json::Value;

use crate::{
    Caller, Context, Decision, Document, Policies, Policy, Request, Value as Key, evaluate,
};

/// Judges a case.
///
/// # Errors
/// It does not have this form; the text says where.
pub fn judge(case: &Value) -> Result<Decision, String> {
    let (request, policies) = read(case)?;
    Ok(evaluate(&request, &policies))
}

/// The request and the policies of a case.
///
/// # Errors
/// It does not have this form; the text says where.
pub fn read(case: &Value) -> Result<(Request, Policies), String> {
    let from = case.get("request").ok_or("it has no `request`")?;
    let text = |key: &str| {
        let value = from.get(key).and_then(Value::as_str);
        value.ok_or_else(|| format!("`request` has no text `{key}`"))
    };
    let principal = Caller::parse(text("principal")?)?;
    let context = match from.get("context") {
        None | Some(Value::Null) => Context::complete(),
        Some(Value::Object(keys)) => {
            let mut context = Context::complete();
            for (key, value) in keys {
                context = context.with(key, key_value(key, value)?);
            }
            context
        }
        Some(_) => return Err("`context` is no object".into()),
    };
    let mut request = Request::new(principal, text("action")?, text("resource")?, context);
    match from.get("resourceAccount") {
        None | Some(Value::Null) => {}
        Some(Value::String(owner)) => request.resource_account = Some(owner.clone()),
        Some(other) => return Err(format!("`resourceAccount` is {other}")),
    }
    let policies = Policies {
        identity: documents(case, "identity")?.unwrap_or_default(),
        boundary: documents(case, "boundary")?,
        session: document(case, "session")?,
        resource: document(case, "resource")?,
        scp: levels(case, "scp")?,
        rcp: levels(case, "rcp")?,
        unseen: [].into(),
    };
    Ok((request, policies))
}

fn key_value(key: &str, value: &Value) -> Result<Key, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let read = match value {
        Value::Array(items) => items.iter().map(one).collect::<Option<_>>().map(Key::Many),
        value => one(value).map(Key::One),
    };
    read.ok_or_else(|| format!("`{key}` of `context` is {value}"))
}

fn given<'a>(case: &'a Value, kind: &str) -> Option<&'a Value> {
    case.get(kind).filter(|value| !value.is_null())
}

fn document(case: &Value, kind: &str) -> Result<Option<Policy>, String> {
    match given(case, kind) {
        None => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(Policy::new(kind, Document::from_value(value)))),
        Some(_) => Err(format!("`{kind}` is no policy document")),
    }
}

fn documents(case: &Value, kind: &str) -> Result<Option<Vec<Policy>>, String> {
    given(case, kind).map(|list| policies(list, kind)).transpose()
}

fn levels(case: &Value, kind: &str) -> Result<Vec<Vec<Policy>>, String> {
    match given(case, kind) {
        None => Ok(Vec::new()),
        Some(Value::Array(levels)) => {
            let each = levels.iter().enumerate();
            each.map(|(level, list)| policies(list, &format!("{kind} {level}"))).collect()
        }
        Some(_) => Err(format!("`{kind}` is no list of levels")),
    }
}

fn policies(list: &Value, kind: &str) -> Result<Vec<Policy>, String> {
    let list = list.as_array().ok_or_else(|| format!("`{kind}` is no list of policy documents"))?;
    let each = list.iter().enumerate();
    each.map(|(index, value)| match value.is_object() {
        true => Ok(Policy::new(format!("{kind} {index}"), Document::from_value(value))),
        false => Err(format!("`{kind}` has an entry that is no policy document")),
    })
    .collect()
}
