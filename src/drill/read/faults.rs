//! `experiment` and `faults`: FIS actions, and steps that play the attacker.

use indexmap::IndexMap;

use super::{Roles, required_template, template, without};
use crate::drill::{
    document::{Experiment, Fault, FaultKind, FisAction, Steps},
    make::map,
};
use crate::playbook::{
    Actor, ActorKind, Diagnostic, Spanned,
    expr::Template,
    read::{
        fields::{Fields, Reader},
        step,
    },
    tree::{Kind, Node},
};

pub(crate) const EXPERIMENT_KEYS: &[&str] =
    &["role", "template", "empty-target-resolution-mode", "at-most", "proof"];
pub(crate) const FAULT_KEYS: &[&str] =
    &["action", "description", "targets", "parameters", "after", "attack", "proof"];
pub(crate) const ATTACK_KEYS: &[&str] = &["as", "steps"];
pub(crate) const ACTOR_KEYS: &[&str] = &["access-key", "role", "session"];

pub(super) fn experiment(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    roles: &Roles,
) -> Option<Experiment> {
    let node = fields.get("experiment")?;
    let fields = reader.fields(node, "`experiment`", EXPERIMENT_KEYS)?;
    let role = required_template(reader, &fields, "role");
    let file = fields.get("template").and_then(|node| reader.spanned(node, "`template`"));
    let empty_targets = template(reader, &fields, "empty-target-resolution-mode");
    let at_most = fields.get("at-most").and_then(|node| reader.duration(node, "`at-most`"));
    let proof = proof(reader, &fields, roles);
    let span = fields.span;
    Some(Experiment { span, role: role?, template: file, empty_targets, at_most, proof })
}

pub(super) fn faults(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    roles: &Roles,
) -> IndexMap<String, Fault> {
    let mut faults = IndexMap::new();
    let Some(node) = fields.get("faults") else { return faults };
    for (key, value) in reader.map(node, "`faults`").unwrap_or_default() {
        let Some(name) = key.as_str() else { continue };
        reader.id(name, key.span, "a fault");
        if let Some(fault) = fault(reader, key, value, roles) {
            faults.insert(name.to_owned(), fault);
        }
    }
    faults
}

fn fault(reader: &mut Reader<'_>, key: &Node, value: &Node, roles: &Roles) -> Option<Fault> {
    let what = format!("fault `{}`", key.as_str().unwrap_or_default());
    let mut fields = reader.fields(value, &what, FAULT_KEYS)?;
    fields.span = key.span;
    let after = ids(reader, &fields, "after");
    let action = fields.get("action").and_then(|node| reader.spanned(node, "`action`"));
    let kind = match (action, fields.get("attack")) {
        (Some(action), None) => FaultKind::Fis(FisAction {
            action,
            description: fields
                .get("description")
                .and_then(|node| reader.text(node, "`description`")),
            targets: targets(reader, &fields),
            parameters: template(reader, &fields, "parameters"),
        }),
        (None, Some(node)) => attack(reader, node, roles)?,
        (found, _) => {
            let message = match found {
                Some(_) => format!("{what} has both `action` and `attack`"),
                None => format!("{what} has neither `action` nor `attack`"),
            };
            let problem =
                Diagnostic::error("simulation::bad-fault", message).label(key.span, "this fault");
            reader.problems.push(problem.help(
                "give `action: aws:ec2:stop-instances` with targets, or `attack:` with steps",
            ));
            return None;
        }
    };
    let proof = proof(reader, &fields, roles);
    Some(Fault { span: key.span, after, proof, kind })
}

fn targets(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(Spanned<String>, Template)> {
    let Some(node) = fields.get("targets") else { return Vec::new() };
    let entries = reader.map(node, "`targets`").unwrap_or_default();
    let mut found = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.as_str() else { continue };
        let template = Template::read(value, reader.text, &mut reader.problems);
        found.push((Spanned::new(name.to_owned(), key.span), template));
    }
    found
}

fn attack(reader: &mut Reader<'_>, node: &Node, roles: &Roles) -> Option<FaultKind> {
    let fields = reader.fields(node, "`attack`", ATTACK_KEYS)?;
    let actor = actor(reader, &fields);
    let node = reader.required(&fields, "steps")?;
    let (mut steps, mut denied) = (Steps::new(), Vec::new());
    for (key, value) in reader.map(node, "`steps`").unwrap_or_default() {
        // `expect` is the one key that a step of an attack has beside those of any step.
        let (plain, expect) = without(value, "expect");
        let words = [("allowed", false), ("denied", true)];
        let is_denied = expect.and_then(|node| {
            let parse = |text: &str| words.iter().find(|(w, _)| *w == text).map(|(_, is)| *is);
            reader.choice(&node, "`expect`", parse, words.iter().map(|(word, _)| *word))
        });
        if let Some(mut step) = step::read(reader, key, &plain, roles) {
            step.actor.clone_from(&actor);
            if is_denied == Some(true) {
                denied.push(step.id.value.clone());
            }
            steps.insert(step.id.value.clone(), step);
        }
    }
    Some(FaultKind::Attack { steps, denied })
}

/// Keys of a step of an attack.
#[cfg(test)]
pub(crate) fn move_keys() -> Vec<&'static str> {
    step::STEP_KEYS.iter().copied().chain(["expect"]).collect()
}

/// Looks, each of which may act as somebody else.
fn proof(reader: &mut Reader<'_>, fields: &Fields<'_>, roles: &Roles) -> Steps {
    let mut steps = Steps::new();
    let Some(node) = fields.get("proof") else { return steps };
    for (key, value) in reader.map(node, "`proof`").unwrap_or_default() {
        // `as` is the one key that a look has beside those of any step.
        let (plain, actor) = without(value, "as");
        let actor = actor.and_then(|node| principal(reader, &node));
        if let Some(mut step) = step::read(reader, key, &plain, roles) {
            step.actor = actor;
            steps.insert(step.id.value.clone(), step);
        }
    }
    steps
}

/// Keys of a look.
#[cfg(test)]
pub(crate) fn look_keys() -> Vec<&'static str> {
    step::STEP_KEYS.iter().copied().chain(["as"]).collect()
}

/// `as: {access-key: ..}`, `as: {role: ..}` or `as: {role: .., session: ..}`.
pub(super) fn actor(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Actor> {
    principal(reader, fields.get("as")?)
}

fn principal(reader: &mut Reader<'_>, node: &Node) -> Option<Actor> {
    let fields = reader.fields(node, "`as`", ACTOR_KEYS)?;
    let key = template(reader, &fields, "access-key");
    let role = template(reader, &fields, "role");
    let session = template(reader, &fields, "session");
    let (kind, which) = match (key, role, session) {
        (Some(key), None, None) => (ActorKind::AccessKey, key),
        (None, Some(role), None) => (ActorKind::Role, role),
        (None, Some(role), Some(session)) => {
            let both = vec![("role", Some(role)), ("session", Some(session))];
            (ActorKind::Session, map(both, node.span))
        }
        _ => {
            let message = "`as` names one principal: an `access-key`, a `role`, or a `role` with the name of one `session`";
            let problem =
                Diagnostic::error("simulation::bad-actor", message).label(node.span, "here");
            reader
                .problems
                .push(problem.help("write `as: { access-key: ${{ steps.key.access-key-id }} }`"));
            return None;
        }
    };
    Some(Actor { kind, which: which.into() })
}

/// One id or a list of them.
pub(super) fn ids(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Vec<Spanned<String>> {
    let what = format!("`{key}`");
    match fields.get(key) {
        None => Vec::new(),
        Some(Node { kind: Kind::List(items), .. }) => {
            items.iter().filter_map(|item| reader.spanned(item, &what)).collect()
        }
        Some(node) => reader.spanned(node, &what).into_iter().collect(),
    }
}
