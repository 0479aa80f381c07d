//! One statement: what it covers, and whether it applies to a request.

use serde_json::Value;

use crate::{
    Effect, Missing, Request, arn,
    condition::{Scope, Test},
    glob::{matches, tokens},
    named, operator, template,
    truth::Truth,
};

/// An entry of a `Principal` or `NotPrincipal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `AWS`, `Service`, `Federated` or `CanonicalUser`. `"Principal": "*"` is `*` of `AWS`.
    pub kind: String,
    /// As it is written.
    pub text: String,
}

/// An element with its opposite: `Action` and `NotAction`, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Listed<T> {
    pub not: bool,
    pub items: Vec<T>,
}

/// One statement of a document.
#[derive(Clone, Debug)]
pub struct Statement {
    sid: Option<String>,
    effect: Option<Effect>,
    pub(crate) principals: Option<Listed<Principal>>,
    actions: Option<Listed<String>>,
    resources: Option<Listed<String>>,
    tests: Vec<Test>,
    faults: Vec<String>,
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Statement {
    pub(crate) fn read(from: &Value) -> Self {
        let mut faults = Vec::new();
        match from.as_object() {
            None => faults.push("it is no object".into()),
            Some(map) => {
                let wrong = map.keys().filter(|key| !ELEMENTS.contains(&key.as_str()));
                faults.extend(wrong.map(|key| format!("there is no element `{key}`")));
            }
        }
        let effect = match from.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            _ => {
                let effect = from.get("Effect").unwrap_or(&Value::Null);
                faults.push(format!("`Effect` is {effect}; there are \"Allow\" and \"Deny\""));
                None
            }
        };
        let actions = listed(from, "Action", "NotAction", &mut faults, texts);
        if actions.is_none() && from.get("Action").or(from.get("NotAction")).is_none() {
            faults.push("it has neither `Action` nor `NotAction`".into());
        }
        let resources = listed(from, "Resource", "NotResource", &mut faults, texts);
        let principals = listed(from, "Principal", "NotPrincipal", &mut faults, named::read);
        let tests = from.get("Condition").map_or_else(Vec::new, |from| tests(from, &mut faults));
        let sid = from.get("Sid").and_then(Value::as_str).map(str::to_owned);
        Self { sid, effect, principals, actions, resources, tests, faults }
    }

    /// Its `Sid`.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does; `None` if that cannot be read.
    pub fn effect(&self) -> Option<Effect> {
        self.effect
    }

    /// The entries of its `Principal` element, not those of `NotPrincipal`.
    pub fn principals(&self) -> &[Principal] {
        self.principals.as_ref().filter(|listed| !listed.not).map_or(&[], |listed| &listed.items)
    }

    /// The patterns of its `Action` element, not those of `NotAction`.
    pub fn actions(&self) -> &[String] {
        self.actions.as_ref().filter(|listed| !listed.not).map_or(&[], |listed| &listed.items)
    }

    /// The patterns of its `Resource` element, not those of `NotResource`.
    pub fn resources(&self) -> &[String] {
        self.resources.as_ref().filter(|listed| !listed.not).map_or(&[], |listed| &listed.items)
    }

    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The condition keys that it asks for, in conditions and, where there are variables, in texts.
    pub(crate) fn context_keys(&self, variables: bool) -> Vec<String> {
        let resources = self.resources.iter().flat_map(|listed| &listed.items);
        let texts = resources.chain(self.tests.iter().flat_map(|test| &test.values));
        let in_texts = texts.filter(|_| variables).flat_map(|text| template::keys(text));
        self.tests.iter().map(|test| test.key.clone()).chain(in_texts).collect()
    }

    /// Whether action, resource and conditions fit, whoever asks.
    pub(crate) fn covers(&self, request: &Request, scope: Scope<'_>) -> Truth {
        if let Some(fault) = self.faults.first() {
            return Truth::open(Missing::Malformed(fault.clone()));
        }
        let action = self.actions.as_ref().is_some_and(|listed| {
            let one = |pattern: &String| {
                let pattern: Vec<_> = tokens(pattern, true).collect();
                matches(&pattern, &request.action, true, scope.fuel)
            };
            scope.fuel.each(&listed.items).any(one) != listed.not
        });
        if !action {
            return Truth::No;
        }
        let resource = match &self.resources {
            // The policy of a resource may leave out which, a trust policy must.
            None => Truth::Yes,
            Some(listed) if request.resource == Request::SOME => {
                match listed.items.iter().any(|pattern| pattern == "*") {
                    true => (!listed.not).into(),
                    false => Truth::open(Missing::Resource),
                }
            }
            Some(listed) => {
                let one = if listed.not { arn::not_resource } else { arn::resource };
                let Scope { context, variables, fuel } = scope;
                let each = fuel.each(&listed.items);
                let any = Truth::any(
                    each.map(|pattern| one(pattern, &request.resource, context, variables, fuel)),
                );
                if listed.not { any.negated() } else { any }
            }
        };
        if resource == Truth::No {
            return Truth::No;
        }
        Truth::all(scope.fuel.each(&self.tests).map(|test| test.holds(scope))).and(resource)
    }
}

fn listed<T>(
    from: &Value,
    name: &str,
    opposite: &str,
    faults: &mut Vec<String>,
    read: impl Fn(&Value) -> Option<Vec<T>>,
) -> Option<Listed<T>> {
    let (not, key, value) = match (from.get(name), from.get(opposite)) {
        (None, None) => return None,
        (Some(value), None) => (false, name, value),
        (None, Some(value)) => (true, opposite, value),
        (Some(_), Some(_)) => {
            faults.push(format!("it has both `{name}` and `{opposite}`"));
            return None;
        }
    };
    let items = read(value).filter(|items| !items.is_empty());
    if items.is_none() {
        faults.push(format!("`{key}` is {value}"));
    }
    items.map(|items| Listed { not, items })
}

/// One text or a list of texts.
pub(crate) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// One value of a condition or a list of them: "quotation marks are optional for numeric and Boolean values".
fn scalars(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

fn tests(from: &Value, faults: &mut Vec<String>) -> Vec<Test> {
    let Some(map) = from.as_object() else {
        faults.push(format!("`Condition` is {from}"));
        return Vec::new();
    };
    let mut tests = Vec::new();
    for (name, keys) in map {
        let Some(operator) = operator::read(name) else {
            faults.push(format!("there is no operator `{name}`"));
            continue;
        };
        let Some(keys) = keys.as_object() else {
            faults.push(format!("`{name}` is {keys}"));
            continue;
        };
        for (key, values) in keys {
            match scalars(values) {
                Some(values) => tests.push(Test { operator, key: key.clone(), values }),
                None => faults.push(format!("`{key}` of `{name}` is {values}")),
            }
        }
    }
    tests
}
