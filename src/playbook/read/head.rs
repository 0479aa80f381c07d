//! Everything of a playbook before its steps: identity, severity, ATT&CK ids, roles, inputs, limits,
//! accepted hazards.

use indexmap::IndexMap;
use semver::Version;
use serde_json::Value;

use super::fields::{Fields, Reader};
use crate::playbook::choices::Severity;
use crate::playbook::codes;
use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::document::{Accept, Input, Limits, Role};
use crate::playbook::span::Spanned;
use crate::playbook::tree::{Kind, Node};
use crate::playbook::types::InputType;
use crate::playbook::{closest, did_you_mean, listed};

pub(crate) const ROLE_KEYS: &[&str] = &["duty", "contact"];
pub(crate) const INPUT_KEYS: &[&str] = &["type", "description", "default", "sensitive"];
pub(crate) const ACCEPT_KEYS: &[&str] = &["hazard", "because"];
pub(crate) const LIMIT_KEYS: &[&str] =
    &["instances", "principals", "volumes", "resources", "accounts"];

pub(crate) fn id(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Spanned<String> {
    let found =
        reader.required(fields, "playbook").and_then(|node| reader.spanned(node, "`playbook`"));
    let Some(id) = found else { return Spanned::new(String::new(), fields.span) };
    reader.id(&id.value, id.span, "a playbook");
    id
}

pub(crate) fn version(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Version> {
    let node = reader.required(fields, "version")?;
    let text = reader.text(node, "`version`")?;
    Version::parse(&text)
        .map_err(|error| {
            let message = format!("`{text}` is not a semantic version: {error}");
            let problem =
                Diagnostic::error("playbook::bad-version", message).label(node.span, "here");
            reader.problems.push(problem.help("write three numbers, such as `1.0.0`"));
        })
        .ok()
}

pub(crate) fn severity(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Severity> {
    let node = reader.required(fields, "severity")?;
    reader.choice(node, "`severity`", Severity::parse, Severity::words())
}

pub(crate) fn attack(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Spanned<String>> {
    let mut techniques = Vec::new();
    let Some(node) = fields.get("attack") else { return techniques };
    let Kind::List(items) = &node.kind else {
        reader.wrong::<()>(
            node,
            "`attack`",
            "a list of technique ids",
            Some("write `attack: [T1552.005]`"),
        );
        return techniques;
    };
    for item in items {
        let Some(id) = reader.spanned(item, "a technique id") else { continue };
        if !is_technique(&id.value) {
            let message = format!("`{}` is not an ATT&CK technique id", id.value);
            let problem =
                Diagnostic::error("playbook::bad-technique", message).label(id.span, "here");
            reader.problems.push(problem.help(
                "write `T` and four digits, and `.` and three for a sub-technique: `T1552.005`",
            ));
        }
        techniques.push(id);
    }
    techniques
}

fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

pub(crate) fn roles(reader: &mut Reader<'_>, fields: &Fields<'_>) -> IndexMap<String, Role> {
    let mut roles = IndexMap::new();
    let Some(node) = fields.get("roles") else { return roles };
    for (key, value) in reader.map(node, "`roles`").unwrap_or_default() {
        let name = key.as_str().unwrap_or_default();
        reader.id(name, key.span, "a role");
        let what = format!("role `{name}`");
        let role = reader.fields(value, &what, ROLE_KEYS);
        let duty = role.as_ref().and_then(|fields| reader.required_text(fields, "duty"));
        let contact = role
            .and_then(|fields| fields.get("contact"))
            .and_then(|node| reader.text(node, "`contact`"));
        roles.insert(
            name.to_owned(),
            Role { span: key.span, duty: duty.unwrap_or_default(), contact },
        );
    }
    roles
}

pub(crate) fn inputs(reader: &mut Reader<'_>, fields: &Fields<'_>) -> IndexMap<String, Input> {
    let mut inputs = IndexMap::new();
    let Some(node) = fields.get("inputs") else { return inputs };
    for (key, value) in reader.map(node, "`inputs`").unwrap_or_default() {
        let name = key.as_str().unwrap_or_default();
        reader.id(name, key.span, "an input");
        let what = format!("input `{name}`");
        let fields = reader.fields(value, &what, INPUT_KEYS);
        let declared = fields.as_ref().and_then(|fields| {
            let node = reader.required(fields, "type")?;
            input_type(reader, node)
        });
        let get = |key: &str| fields.as_ref().and_then(|fields| fields.get(key));
        let description = get("description").and_then(|node| reader.text(node, "`description`"));
        let sensitive = get("sensitive").and_then(|node| reader.boolean(node, "`sensitive`"));
        let default =
            get("default").and_then(|node| default(reader, node, name, declared.as_ref()));
        if sensitive == Some(true)
            && let Some(node) = get("default")
        {
            let message = format!("input `{name}` is sensitive and has a default");
            let problem = Diagnostic::error("playbook::sensitive-default", message);
            let help = "take the default away: it is in the file, and in the run's copy of it";
            reader.problems.push(problem.label(node.span, "anybody can read this").help(help));
        }
        let input = Input {
            span: key.span,
            kind: declared.unwrap_or(InputType::String),
            description,
            default,
            sensitive: sensitive.unwrap_or(false),
        };
        inputs.insert(name.to_owned(), input);
    }
    inputs
}

fn input_type(reader: &mut Reader<'_>, node: &Node) -> Option<InputType> {
    let text = reader.text(node, "`type`")?;
    let found = InputType::parse(&text);
    if found.is_none() {
        let problem =
            Diagnostic::error("playbook::unknown-type", format!("there is no input type `{text}`"));
        let inner = text.strip_prefix("list of ").unwrap_or(&text);
        let help = match closest(inner, InputType::names()) {
            Some(near) if inner.len() < text.len() => format!("did you mean `list of {near}`?"),
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("types are {}, and `list of` any of them", listed(InputType::names())),
        };
        reader.problems.push(problem.label(node.span, "unknown type").help(help));
    }
    // An unreadable type must not make every use of the input a second error.
    found.or_else(|| text.starts_with("list").then(|| InputType::List(Box::new(InputType::String))))
}

fn default(
    reader: &mut Reader<'_>,
    node: &Node,
    name: &str,
    declared: Option<&InputType>,
) -> Option<Value> {
    let value = literal(node);
    if let Kind::String(_) = node.kind {
        reader.text(node, "`default`");
    }
    if let Some(Err(reason)) = declared.map(|declared| declared.check(&value)) {
        let message = format!("the default of input `{name}` does not fit its type: {reason}");
        let problem = Diagnostic::error("playbook::bad-default", message).label(node.span, "here");
        let help = format!(
            "change the default, or the type from `{}`",
            declared.map(ToString::to_string).unwrap_or_default()
        );
        reader.problems.push(problem.help(help));
        return None;
    }
    Some(value)
}

pub(crate) fn literal(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(number) => Value::Number(number.clone()),
        Kind::String(text) => Value::String(text.clone()),
        Kind::List(items) => items.iter().map(literal).collect(),
        Kind::Map(entries) => Value::Object(
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), literal(value))))
                .collect(),
        ),
    }
}

pub(crate) fn limits(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Limits {
    let Some(node) = fields.get("limits") else { return Limits::default() };
    let Some(fields) = reader.fields(node, "`limits`", LIMIT_KEYS) else {
        return Limits::default();
    };
    let mut limit = |key: &str| {
        let node = fields.get(key)?;
        reader.number(node, &format!("limit `{key}`"), 0, 1_000_000)
    };
    Limits {
        instances: limit("instances"),
        principals: limit("principals"),
        volumes: limit("volumes"),
        resources: limit("resources"),
        accounts: limit("accounts"),
    }
}

pub(crate) fn accept(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Accept> {
    let mut accepted = Vec::new();
    let Some(node) = fields.get("accept") else { return accepted };
    let Kind::List(items) = &node.kind else {
        let help = "write `accept: [{ hazard: hazard::no-owner, because: ... }]`";
        reader.wrong::<()>(node, "`accept`", "a list of hazards with reasons", Some(help));
        return accepted;
    };
    for item in items {
        let Some(fields) = reader.fields(item, "an entry of `accept`", ACCEPT_KEYS) else {
            continue;
        };
        let hazard =
            reader.required(&fields, "hazard").and_then(|node| reader.spanned(node, "`hazard`"));
        let because = reader.required_text(&fields, "because");
        let (Some(hazard), Some(because)) = (hazard, because) else { continue };
        if !codes::hazards().any(|code| code == hazard.value) {
            let message = format!("there is no hazard `{}`", hazard.value);
            let problem = Diagnostic::error("playbook::unknown-value", message)
                .label(hazard.span, "unknown hazard");
            let known: Vec<_> = codes::hazards().collect();
            let help = did_you_mean(&hazard.value, known.iter().copied(), "hazards are");
            reader.problems.push(problem.help(help));
        }
        accepted.push(Accept { hazard, because });
    }
    accepted
}
