//! One step of the tree to a [`Step`]. Whether its action exists and its references resolve is `program`'s.

use std::sync::Arc;

use indexmap::IndexMap;

use super::fields::{Fields, Reader};
use crate::playbook::choices::{OnFailure, Phase, Responsibility};
use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::did_you_mean;
use crate::playbook::document::{Approval, Retry, Role, Step};
use crate::playbook::expr::{Expr, Template, TemplateKind, read_bare};
use crate::playbook::principals::Principals;
use crate::playbook::span::{Span, Spanned};
use crate::playbook::tree::{Kind, Node};

pub(crate) const STEP_KEYS: &[&str] = &[
    "uses",
    "with",
    "phase",
    "title",
    "needs",
    "if",
    "for-each",
    "retry",
    "timeout",
    "on-failure",
    "approval",
    "responsibility",
    "owner",
];
pub(crate) const RETRY_KEYS: &[&str] = &["attempts", "backoff"];
pub(crate) const APPROVAL_KEYS: &[&str] = &["role", "reason", "not-by-operator", "one-of"];

type Roles = IndexMap<String, Role>;

/// `None` only when the step is no mapping. A step without `uses` is kept, so that references to it still resolve.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    key: &Node,
    value: &Node,
    roles: &Roles,
) -> Option<Step> {
    let id = Spanned::new(key.as_str()?.to_owned(), key.span);
    reader.id(&id.value, id.span, "a step");
    let what = format!("step `{}`", id.value);
    let mut fields = reader.fields(value, &what, STEP_KEYS)?;
    fields.span = id.span;
    let uses = reader.required(&fields, "uses").and_then(|node| reader.spanned(node, "`uses`"));
    let step = Step {
        uses: uses.unwrap_or_else(|| Spanned::new(String::new(), id.span)),
        with: Arc::new(with(reader, &fields, id.span)),
        phase: fields
            .get("phase")
            .and_then(|node| reader.choice(node, "`phase`", Phase::parse, Phase::words())),
        title: fields.get("title").and_then(|node| reader.text(node, "`title`")),
        needs: needs(reader, &fields),
        condition: bare(reader, &fields, "if"),
        for_each: bare(reader, &fields, "for-each"),
        retry: retry(reader, &fields),
        timeout: fields.get("timeout").and_then(|node| reader.duration(node, "`timeout`")),
        on_failure: fields
            .get("on-failure")
            .and_then(|node| {
                reader.choice(node, "`on-failure`", OnFailure::parse, OnFailure::words())
            })
            .unwrap_or(OnFailure::Stop),
        approval: fields.get("approval").and_then(|node| approval(reader, node, roles)),
        responsibility: fields
            .get("responsibility")
            .and_then(|node| {
                reader.choice(
                    node,
                    "`responsibility`",
                    Responsibility::parse,
                    Responsibility::words(),
                )
            })
            .unwrap_or(Responsibility::Customer),
        owner: fields.get("owner").and_then(|node| role(reader, node, "`owner`", roles)),
        actor: None,
        always: false,
        first_of: None,
        id,
    };
    Some(step)
}

fn with(reader: &mut Reader<'_>, fields: &Fields<'_>, id: Span) -> Template {
    let Some(node) = fields.get("with") else { return Template::empty(id) };
    if reader.map(node, "`with`").is_none() {
        return Template::empty(id);
    }
    let template = Template::read(node, reader.text, &mut reader.problems);
    debug_assert!(matches!(template.kind, TemplateKind::Map(_)));
    template
}

fn needs(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Spanned<String>> {
    match fields.get("needs") {
        None => Vec::new(),
        Some(Node { kind: Kind::List(items), .. }) => {
            items.iter().filter_map(|item| reader.spanned(item, "an entry of `needs`")).collect()
        }
        Some(node @ Node { kind: Kind::String(_), .. }) => {
            reader.spanned(node, "`needs`").into_iter().collect()
        }
        Some(node) => {
            reader.wrong::<()>(node, "`needs`", "a step id or a list of them", None);
            Vec::new()
        }
    }
}

fn bare(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Expr> {
    let node = fields.get(key)?;
    match node.kind {
        Kind::String(_) | Kind::Bool(_) => {
            let found = read_bare(node, reader.text, &mut reader.problems);
            Some(found.unwrap_or_else(|| Expr::broken(node.span)))
        }
        _ => {
            let help =
                if key == "if" { "`if: inputs.deep`" } else { "`for-each: steps.find.instances`" };
            let message = format!("`{key}` must be an expression, and is {}", node.describe());
            let problem = Diagnostic::error("playbook::wrong-type", message)
                .label(node.span, "not an expression");
            reader.problems.push(problem.help(format!("write it like {help}")));
            Some(Expr::broken(node.span))
        }
    }
}

fn retry(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Retry {
    let mut retry = Retry::default();
    let Some(node) = fields.get("retry") else { return retry };
    let Some(fields) = reader.fields(node, "`retry`", RETRY_KEYS) else { return retry };
    let attempts = reader
        .required(&fields, "attempts")
        .and_then(|node| reader.number(node, "`attempts`", 1, 100));
    if let Some(attempts) = attempts.and_then(|attempts| u32::try_from(attempts).ok()) {
        retry.attempts = attempts;
    }
    if let Some(backoff) = fields.get("backoff").and_then(|node| reader.duration(node, "`backoff`"))
    {
        retry.backoff = backoff.as_std();
    }
    retry
}

fn approval(reader: &mut Reader<'_>, node: &Node, roles: &Roles) -> Option<Approval> {
    let fields = reader.fields(node, "`approval`", APPROVAL_KEYS)?;
    let role = reader
        .required(&fields, "role")
        .and_then(|node| role(reader, node, "`approval.role`", roles));
    let reason = fields.get("reason").and_then(|node| reader.text(node, "`reason`"));
    let not_by_operator =
        fields.get("not-by-operator").and_then(|node| reader.boolean(node, "`not-by-operator`"));
    let one_of = fields.get("one-of").map(|node| principals(reader, node)).unwrap_or_default();
    Some(Approval {
        role: role?,
        reason,
        not_by_operator: not_by_operator.unwrap_or(false),
        one_of,
    })
}

fn principals(reader: &mut Reader<'_>, node: &Node) -> Vec<Principals> {
    let help = "write it like `one-of: [role/incident-commander]`";
    let items = match &node.kind {
        Kind::List(items) if !items.is_empty() => items,
        Kind::List(_) => {
            let message = "`one-of` is empty: nobody could answer";
            let problem =
                Diagnostic::error("playbook::bad-principal", message).label(node.span, "nobody");
            reader.problems.push(problem.help(help));
            return Vec::new();
        }
        _ => {
            reader.wrong::<()>(node, "`one-of`", "a list of principals", Some(help));
            return Vec::new();
        }
    };
    let read = |item: &Node| {
        let text = reader.text(item, "an entry of `one-of`")?;
        match text.parse::<Principals>() {
            Ok(principals) => Some(principals),
            Err(why) => {
                let message = format!("`{text}` names no principal that can answer: {why}");
                let problem = Diagnostic::error("playbook::bad-principal", message)
                    .label(item.span, "not a principal");
                reader.problems.push(problem.help("write `user/NAME`, `role/NAME` or `assumed-role/NAME/SESSION` in the run's account, or the whole ARN with the account's id"));
                None
            }
        }
    };
    items.iter().filter_map(read).collect()
}

pub(crate) fn role(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    roles: &Roles,
) -> Option<String> {
    let name = reader.text(node, what)?;
    if !roles.contains_key(&name) {
        let message =
            format!("{what} names the role `{name}`, which the playbook does not declare");
        let help = if roles.is_empty() {
            format!("declare it: `roles: {{ {name}: {{ duty: ... }} }}`")
        } else {
            did_you_mean(&name, roles.keys().map(String::as_str), "its roles are")
        };
        let problem =
            Diagnostic::error("playbook::unknown-role", message).label(node.span, "unknown role");
        reader.problems.push(problem.help(help));
    }
    Some(name)
}
