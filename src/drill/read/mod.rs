//! Tree to simulation, collecting every problem. Owns the keys of the format and their order.

pub(crate) mod faults;
pub(crate) mod parts;

use indexmap::IndexMap;
use semver::Version;

use super::document::{Check, Simulation, Steps, When};
use crate::playbook::{
    Diagnostic, Role,
    expr::Template,
    read::{
        fields::{Fields, Reader},
        head, step,
    },
    tree::{self, Kind, Node},
};

/// Top-level keys, in the order a simulation gives them.
pub(crate) const KEYS: &[&str] = &[
    "simulation",
    "title",
    "version",
    "hypothesis",
    "schedule",
    "owner",
    "attack",
    "roles",
    "guard",
    "inputs",
    "arrange",
    "steady-state",
    "experiment",
    "faults",
    "stop-conditions",
    "expect",
    "respond",
    "refused",
    "recover",
    "cleanup",
];

type Roles = IndexMap<String, Role>;

/// Parse a simulation file; as for playbooks, a document with errors inside must not run.
pub fn parse(text: &str) -> (Option<Simulation>, Vec<Diagnostic>) {
    let (root, problems) = tree::parse(text);
    let mut reader = Reader { text, problems };
    let simulation = root.and_then(|root| simulation(&mut reader, &root));
    (simulation, reader.problems)
}

/// Whether the file calls itself a simulation.
pub fn is_simulation(text: &str) -> bool {
    let starts = |line: &str| line.starts_with("simulation:");
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().any(starts)
}

fn simulation(reader: &mut Reader<'_>, root: &Node) -> Option<Simulation> {
    let fields = reader.fields(root, "a simulation", KEYS)?;
    let id = reader
        .required(&fields, "simulation")
        .and_then(|node| reader.spanned(node, "`simulation`"));
    if let Some(id) = &id {
        reader.id(&id.value, id.span, "a simulation");
    }
    let title = reader.required_text(&fields, "title");
    let version = fields.get("version").and_then(|_| head::version(reader, &fields));
    let hypothesis = reader.required_text(&fields, "hypothesis");
    let schedule = fields.get("schedule").and_then(|node| reader.spanned(node, "`schedule`"));
    let roles = head::roles(reader, &fields);
    let owner = fields.get("owner").and_then(|node| step::role(reader, node, "`owner`", &roles));
    let attack = head::attack(reader, &fields);
    let guard = parts::guard(reader, &fields);
    let inputs = head::inputs(reader, &fields);
    let arrange = steps(reader, &fields, "arrange", &roles);
    let steady_state = steady_state(reader, &fields, &roles);
    let experiment = faults::experiment(reader, &fields, &roles);
    let faults = faults::faults(reader, &fields, &roles);
    let stop_conditions = templates(reader, &fields, "stop-conditions");
    let expect = parts::expect(reader, &fields);
    let respond = parts::respond(reader, &fields);
    let refused = parts::refused(reader, &fields);
    let recover = parts::recover(reader, &fields, &roles);
    let cleanup = steps(reader, &fields, "cleanup", &roles);
    Some(Simulation {
        id: id?,
        title: title.unwrap_or_default(),
        version: version.unwrap_or_else(|| Version::new(1, 0, 0)),
        hypothesis: hypothesis.unwrap_or_default(),
        schedule,
        owner,
        attack,
        roles,
        inputs,
        guard,
        arrange,
        steady_state,
        experiment,
        faults,
        stop_conditions,
        expect,
        respond,
        refused,
        recover,
        cleanup,
    })
}

/// The steps under one key; none when the key is not there.
fn steps(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, roles: &Roles) -> Steps {
    let mut steps = Steps::new();
    let Some(node) = fields.get(key) else { return steps };
    for (key, value) in reader.map(node, &format!("`{key}`")).unwrap_or_default() {
        if let Some(step) = step::read(reader, key, value, roles) {
            steps.insert(step.id.value.clone(), step);
        }
    }
    steps
}

fn steady_state(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    roles: &Roles,
) -> IndexMap<String, Check> {
    let mut checks = IndexMap::new();
    let Some(node) = fields.get("steady-state") else { return checks };
    for (key, value) in reader.map(node, "`steady-state`").unwrap_or_default() {
        // `when` is the one key that a check has beside those of a step.
        let (plain, when) = without(value, "when");
        let when = when.and_then(|node| {
            let words = [("both", When::Both), ("before", When::Before), ("after", When::After)];
            let parse = |text: &str| words.iter().find(|(w, _)| *w == text).map(|(_, w)| *w);
            reader.choice(&node, "`when`", parse, words.iter().map(|(word, _)| *word))
        });
        if let Some(step) = step::read(reader, key, &plain, roles) {
            let when = when.unwrap_or(When::Both);
            checks.insert(step.id.value.clone(), Check { step, when });
        }
    }
    checks
}

/// A mapping without one of its keys, and what stood behind it.
fn without(node: &Node, key: &str) -> (Node, Option<Node>) {
    let (mut plain, mut found) = (node.clone(), None);
    if let Kind::Map(entries) = &mut plain.kind {
        entries.retain(|(name, value)| {
            let is_it = name.as_str() == Some(key);
            if is_it {
                found = Some(value.clone());
            }
            !is_it
        });
    }
    (plain, found)
}

/// A list of values that may hold expressions.
fn templates(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Vec<Template> {
    match fields.get(key) {
        None => Vec::new(),
        Some(Node { kind: Kind::List(items), .. }) => items
            .iter()
            .map(|item| Template::read(item, reader.text, &mut reader.problems))
            .collect(),
        Some(node) => {
            reader.wrong::<()>(node, &format!("`{key}`"), "a list", None);
            Vec::new()
        }
    }
}

/// One value that may hold expressions.
fn template(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Template> {
    let node = fields.get(key)?;
    Some(Template::read(node, reader.text, &mut reader.problems))
}

fn required_template(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Template> {
    reader.required(fields, key)?;
    template(reader, fields, key)
}

/// Keys of a steady-state check.
#[cfg(test)]
pub(crate) fn check_keys() -> Vec<&'static str> {
    step::STEP_KEYS.iter().copied().chain(["when"]).collect()
}
