//! What a call needs: each action with the resource that it acts on, or the resources of which it is one. Owns the
//! general way, by the tables; what services have of their own is beside it.

use backburn_policy::{Request, Value as KeyValue};
use serde_json::Value;

use super::account::Account;
use super::arn::{self, Place};
use super::table::{self, Form, Of, On};
use super::{action, forms, passes, resources, s3, tagging};
use crate::{Call, Front, backup};

/// An action that must be allowed on a resource. It is refused where it is refused on each of `resources`: which of
/// them it is, the call does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed {
    pub action: String,
    pub resources: Vec<String>,
    pub how: How,
    /// The keys of a permission of another kind than the call's own, beside those of who calls. `None` has the call's.
    pub keys: Option<Vec<(String, KeyValue)>>,
    /// The ARN of what has the policy of the resource, where that is another thing: the vault of a recovery point. `*` is
    /// nothing at all.
    pub held_by: Option<String>,
}

/// How sure it is that the action is needed on one of the resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Required,
    /// A resource of a type that the action does not require: what nothing allows passes, and what is denied does not.
    Extra,
    /// The name of the action is that of the operation, which may be wrong: only what denies all of the service counts.
    Guessed,
}

impl Needed {
    pub(super) fn one(action: String, resource: impl Into<String>) -> Self {
        Self::either(action, vec![resource.into()])
    }

    /// On one of these resources.
    pub(super) fn either(action: String, resources: Vec<String>) -> Self {
        Self { action, resources, how: How::Required, keys: None, held_by: None }
    }

    /// On a resource of which nothing is known.
    pub(super) fn some(action: String) -> Self {
        Self::one(action, Request::SOME)
    }

    fn guessed(service: &str, operation: &str) -> Self {
        Self { how: How::Guessed, ..Self::some(format!("{service}:{operation}")) }
    }
}

/// Values of one parameter; more than any call has.
const MOST: usize = 1_000;

/// All that a call needs: its own actions, and what AWS asks for beside them.
pub(super) async fn of(front: &Front, call: &Call, account: &Account) -> Vec<Needed> {
    let mut needs = own(front, call, account).await;
    if let Some(vault) = vault(front, call) {
        for needed in needs.iter_mut().filter(|needed| needed.held_by.is_none()) {
            needed.held_by = Some(vault.clone());
        }
    }
    needs.extend(tagging::of(call, &needs));
    needs.extend(passes::of(front, call, account).await);
    needs
}

/// The vault whose policy a call upon a recovery point meets: "a policy ... restricts access to the vault and the recovery
/// points in it". <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>
fn vault(front: &Front, call: &Call) -> Option<String> {
    if call.service != "backup" {
        return None;
    }
    let value = |name: &str| values_of_one(&call.params, name);
    let name = value("BackupVaultName").or_else(|| value("SourceBackupVaultName"));
    let name =
        name.or_else(|| backup::vault_of(front, &call.scope, &value("RecoveryPointArn")?))?;
    Place::of(call).fill("arn:P:backup:R:A:backup-vault:{}", &name, |_| None)
}

async fn own(front: &Front, call: &Call, account: &Account) -> Vec<Needed> {
    let service = action::service(&call.service);
    let actions = action::of(call);
    if actions.is_empty() {
        return vec![Needed::guessed(service, &call.operation)];
    }
    // Its actions are HTTP methods, its resources paths.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
    if service == "apigateway" {
        let partition = arn::partition(call.region());
        let path = format!("arn:{partition}:apigateway:{}::{}", call.region(), call.path);
        return vec![Needed::one(format!("apigateway:{}", call.method), path)];
    }
    if service == "s3" && call.headers.get("x-amz-account-id").is_none() {
        return s3::needs(call, actions);
    }
    if !table::has(service) {
        return actions.iter().map(|name| Needed::guessed(service, name)).collect();
    }
    let mut needs = Vec::new();
    for name in actions {
        let Some((name, on)) = table::action(service, &name) else {
            needs.push(Needed::guessed(service, &name));
            continue;
        };
        let action = format!("{service}:{name}");
        if let Some(own) = forms::of(front, call, account, service, &action).await {
            needs.extend(own.iter().cloned());
            // It names nothing, which AWS may take as it likes.
            needs.extend(own.is_empty().then(|| Needed::some(action)));
            continue;
        }
        match on {
            // No resource that it is on, so none whose policy may allow it.
            On::Nothing if resources::is_read(service) => {
                let none = Some("*".to_owned());
                needs.push(Needed { held_by: none, ..Needed::some(action) });
            }
            // AWS names some resource for most of them, such as `user/*` for a list of users.
            On::Nothing | On::Any => needs.push(Needed::some(action)),
            On::These(types) => needs.extend(by_types(front, call, account, &action, types).await),
        }
    }
    needs
}

/// By the types of the action and the parameters of the call.
async fn by_types(
    front: &Front,
    call: &Call,
    account: &Account,
    action: &str,
    types: &[Of],
) -> Vec<Needed> {
    let service = action.split(':').next().unwrap_or_default();
    let mut found: Vec<(String, Needed)> = Vec::new();
    let is_any_required = types.iter().any(|of| of.is_required);
    let mut is_all_found = true;
    for of in types {
        let arns = match forms::arns(front, call, account, service, of.name).await {
            Some(arns) => arns,
            None => table::form(service, of.name).map_or_else(Vec::new, |form| arns(call, form)),
        };
        is_all_found &= !arns.is_empty() || !of.is_required;
        for (value, resources) in arns {
            let is_extra = is_any_required && !of.is_required;
            let how = if is_extra { How::Extra } else { How::Required };
            // The same name as one type or as another: an instance or a managed instance.
            match found.iter_mut().find(|(same, needed)| *same == value && needed.how == how) {
                Some((_, needed)) => needed.resources.extend(resources),
                None => {
                    let needed = Needed { how, ..Needed::either(action.into(), resources) };
                    found.push((value, needed));
                }
            }
        }
    }
    let mut needs: Vec<Needed> = found.into_iter().map(|(_, needed)| needed).collect();
    if !is_any_required && needs.len() > 1 {
        // One of several optional types: any of them may be the one.
        let resources = needs.into_iter().flat_map(|needed| needed.resources).collect();
        needs = vec![Needed::either(action.into(), resources)];
    }
    if !is_all_found || needs.is_empty() {
        needs.push(Needed::some(action.to_owned()));
    }
    needs
}

/// ARNs of a type by the first of its parameters that the call has.
fn arns(call: &Call, form: &Form) -> Vec<(String, Vec<String>)> {
    let place = Place::of(call);
    let values = form.parameters.iter().map(|name| values(&call.params, name));
    let Some(values) = values.into_iter().find(|values| !values.is_empty()) else {
        return Vec::new();
    };
    let fill = |value: &str| {
        let other = |name: &str| values_of_one(&call.params, name);
        place.fill(form.arn, value, other)
    };
    values.into_iter().filter_map(|value| Some((value.clone(), vec![fill(&value)?]))).collect()
}

fn values_of_one(params: &Value, name: &str) -> Option<String> {
    values(params, name).into_iter().next()
}

/// Texts of a parameter, one or a list. The first letter's case does not matter: REST labels have their own.
pub(super) fn values(params: &Value, name: &str) -> Vec<String> {
    let Some(members) = params.as_object() else { return Vec::new() };
    let same = |key: &str| {
        key == name
            || key.len() == name.len()
                && key[1..] == name[1..]
                && key[..1].eq_ignore_ascii_case(&name[..1])
    };
    let same = |key: &str| key.is_ascii() && !key.is_empty() && same(key);
    let found = members.iter().find(|(key, _)| same(key)).map(|(_, value)| value);
    match found {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).take(MOST).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
