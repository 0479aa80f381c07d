//! The reference of the catalogue: markdown for docs/actions.md, text for the terminal. Owns how an
//! entry is laid out; its words are the actions' own.

use std::{collections::BTreeSet, fmt::Write};

use serde_json::Value;

use super::{Access, Entry, catalogue, policy, policy::Kept};
use crate::engine::{How, Permission};

/// The whole of docs/actions.md.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Actions\n\nGenerated from the catalogue by `just docs`; a test holds it to the code. \
         `backburn actions NAME` shows the same.\n\n| action | phase | verdict | does |\n|---|---|---|---|\n",
    );
    for entry in catalogue::ALL {
        let spec = entry.spec;
        let anchor = spec.name.replace('.', "");
        let verdict = if spec.contains { "yes" } else { "" };
        put(
            &mut out,
            format_args!(
                "| [`{}`](#{anchor}) | {} | {verdict} | {} |\n",
                spec.name, spec.phase, spec.summary
            ),
        );
    }
    for entry in catalogue::ALL {
        out.push_str(&section(entry));
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

fn section(entry: &Entry) -> String {
    let spec = entry.spec;
    let mut out = String::new();
    put(&mut out, format_args!("\n## {}\n\n{}\n\n", spec.name, spec.text().trim()));
    put(&mut out, format_args!("{}\n", traits(entry)));
    let inputs = fields(&(entry.inputs)());
    out.push_str("\n| input | type | default | |\n|---|---|---|---|\n");
    for f in &inputs {
        let default = if f.required { "required".into() } else { shown(&f.default) };
        put(
            &mut out,
            format_args!("| `{}` | {} | {default} | {} |\n", f.name, f.kind, cell(&f.text)),
        );
    }
    let outputs = fields(&(entry.outputs)());
    if !outputs.is_empty() {
        out.push_str("\n| output | type | |\n|---|---|---|\n");
        for f in &outputs {
            put(&mut out, format_args!("| `{}` | {} | {} |\n", f.name, f.kind, cell(&f.text)));
        }
    }
    let run = policy::for_run(spec.access, Kept::Evidence);
    if !run.is_empty() {
        let release = policy::for_release(spec.access, Kept::Evidence);
        put(&mut out, format_args!("\nPermissions to run: {}.\n", permissions(run, "`, `")));
        if !release.is_empty() {
            put(&mut out, format_args!("To release: {}.\n", permissions(release, "`, `")));
        }
        let litter = litter(spec.access);
        if !litter.is_empty() {
            put(
                &mut out,
                format_args!("To remove what a drill left: {}.\n", permissions(litter, "`, `")),
            );
        }
    }
    for access in spec.access.iter().filter(|a| a.how.is_some()) {
        put(&mut out, format_args!("Release of `{}`: {}.\n", access.kind, released(access)));
    }
    out
}

/// `backburn actions NAME`: plain text, readable without colour.
pub fn terminal(entry: &Entry) -> String {
    let spec = entry.spec;
    let mut out = format!("{}\n\n{}\n\n{}\n", spec.name, spec.text().trim(), traits(entry));
    for (title, fields) in
        [("inputs", fields(&(entry.inputs)())), ("outputs", fields(&(entry.outputs)()))]
    {
        if fields.is_empty() {
            continue;
        }
        put(&mut out, format_args!("\n{title}\n"));
        let wide = fields.iter().map(|f| f.name.len()).max().unwrap_or(0);
        for f in &fields {
            let default = match (title, f.required) {
                ("outputs", _) => String::new(),
                (_, true) => ", required".into(),
                (_, false) if f.default.is_null() => ", optional".into(),
                (_, false) => format!(", default {}", shown(&f.default)),
            };
            put(&mut out, format_args!("  {:wide$}  {}{default}\n", f.name, f.kind));
            if !f.text.is_empty() {
                put(&mut out, format_args!("  {:wide$}  {}\n", "", f.text));
            }
        }
    }
    for (title, list) in [
        ("permissions to run", policy::for_run(spec.access, Kept::Evidence)),
        ("permissions to release", policy::for_release(spec.access, Kept::Evidence)),
        ("permissions to remove what a drill left", litter(spec.access)),
    ] {
        if !list.is_empty() {
            put(&mut out, format_args!("\n{title}\n"));
            for p in list {
                put(&mut out, format_args!("  {} on {}\n", p.action, p.resource));
            }
        }
    }
    let settings: Vec<&Access> = spec.access.iter().filter(|a| a.how.is_some()).collect();
    if !settings.is_empty() {
        out.push_str("\nrelease\n");
        for access in settings {
            put(&mut out, format_args!("  {}: {}\n", access.kind, released(access)));
        }
    }
    out
}

/// What only a drill's release needs.
fn litter(access: &[Access]) -> BTreeSet<Permission> {
    access.iter().filter_map(|a| a.discards).flatten().copied().collect()
}

fn traits(entry: &Entry) -> String {
    let spec = entry.spec;
    let verdict = if spec.contains { "ends in a verdict" } else { "no verdict" };
    let back = if spec.irreversible { "; release cannot undo all of it" } else { "" };
    format!("Phase {}; {verdict}{back}.", spec.phase)
}

fn released(access: &Access) -> &'static str {
    match access.how {
        Some(How::Restored) => "the value before is written back",
        Some(How::Retained) => "kept",
        Some(How::Removed) => "removed",
        None => "nothing to do",
    }
}

fn permissions(list: impl IntoIterator<Item = Permission>, between: &str) -> String {
    let mut names: Vec<&str> = list.into_iter().map(|p| p.action).collect();
    names.dedup();
    format!("`{}`", names.join(between))
}

struct Field {
    name: String,
    kind: String,
    required: bool,
    default: Value,
    text: String,
}

fn fields(schema: &Value) -> Vec<Field> {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let field = |(name, of): (&String, &Value)| Field {
        name: name.clone(),
        kind: kind(of),
        required: required.contains(&name.as_str()),
        default: of["default"].clone(),
        text: match of["writeOnly"].as_bool() {
            Some(true) => format!("{} May be sensitive.", words(of)),
            _ => words(of),
        },
    };
    properties.iter().map(field).collect()
}

fn words(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// A schema's type in words of playbooks.
fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter(|w| !w.is_null()).map(shown).collect::<Vec<_>>().join(" or ");
    }
    if let Some(word) = schema.get("const") {
        return shown(word);
    }
    if let Some(any) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let kinds: Vec<String> = any.iter().filter(|s| s["type"] != "null").map(kind).collect();
        return kinds.join(" or ");
    }
    if let Some(format) = schema["format"].as_str().filter(|_| schema["type"] == "string") {
        return format.into();
    }
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().find(|t| *t != "null").and_then(Value::as_str),
        one => one.as_str(),
    };
    match named {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("object") => match schema.get("additionalProperties").filter(|s| s.is_object()) {
            Some(values) => format!("mapping to {}", kind(values)),
            None => "mapping".into(),
        },
        Some(other) => other.into(),
        None => "anything".into(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_in_words() {
        for (schema, want) in [
            (json!({ "type": "string", "format": "instance", "pattern": "x" }), "instance"),
            (json!({ "type": "array", "items": { "type": "string" } }), "list of string"),
            (json!({ "type": ["string", "null"] }), "string"),
            (
                json!({ "anyOf": [{ "type": "string", "format": "region" }, { "type": "null" }] }),
                "region",
            ),
            (json!({ "type": "string", "enum": ["all", "sessions"] }), "`all` or `sessions`"),
            (json!({ "type": "integer", "format": "uint32" }), "integer"),
            (json!(true), "anything"),
        ] {
            assert_eq!(kind(&schema), want);
        }
    }

    #[test]
    fn every_action_has_its_section() {
        let text = markdown();
        for entry in catalogue::ALL {
            assert!(text.contains(&format!("\n## {}\n", entry.spec.name)));
            assert!(terminal(entry).starts_with(entry.spec.name));
        }
        let page = terminal(catalogue::find("iam.deny-user-sessions").expect("shipped"));
        for part in ["scope", "default `all`", "iam:PutUserPolicy on", "removed", "user, required"]
        {
            assert!(page.contains(part), "no {part} in\n{page}");
        }
    }
}
