//! Tree to document, collecting every problem: one bad step does not hide another's. Owns the keys of the format.

pub(crate) mod fields;
pub(crate) mod head;
pub(crate) mod step;

use indexmap::IndexMap;

use super::diagnostic::Diagnostic;
use super::document::Playbook;
use super::tree::{self, Node};
use fields::Reader;

/// Top-level keys, in the order a playbook gives them.
pub(crate) const KEYS: &[&str] = &[
    "playbook", "title", "version", "severity", "summary", "attack", "roles", "inputs", "limits",
    "accept", "steps",
];

/// Parse a playbook file. The document is there whenever its skeleton can be read, even with errors inside, so that
/// later stages can report theirs too; it must not run unless no diagnostic is an error.
pub fn parse(text: &str) -> (Option<Playbook>, Vec<Diagnostic>) {
    let (root, problems) = tree::parse(text);
    let mut reader = Reader { text, problems };
    let playbook = root.and_then(|root| playbook(&mut reader, &root));
    (playbook, reader.problems)
}

fn playbook(reader: &mut Reader<'_>, root: &Node) -> Option<Playbook> {
    let fields = reader.fields(root, "a playbook", KEYS)?;
    let id = head::id(reader, &fields);
    let title = reader.required_text(&fields, "title");
    let version = head::version(reader, &fields);
    let severity = head::severity(reader, &fields);
    let summary = fields.get("summary").and_then(|node| reader.text(node, "`summary`"));
    let attack = head::attack(reader, &fields);
    let roles = head::roles(reader, &fields);
    let inputs = head::inputs(reader, &fields);
    let limits = head::limits(reader, &fields);
    let accept = head::accept(reader, &fields);
    let steps = steps(reader, &fields, &roles);
    Some(Playbook {
        id,
        title: title.unwrap_or_default(),
        version: version.unwrap_or_else(|| semver::Version::new(0, 0, 0)),
        severity: severity.unwrap_or(super::Severity::High),
        summary,
        attack,
        roles,
        inputs,
        limits,
        accept,
        steps,
    })
}

fn steps(
    reader: &mut Reader<'_>,
    fields: &fields::Fields<'_>,
    roles: &IndexMap<String, super::Role>,
) -> IndexMap<String, super::Step> {
    let mut steps = IndexMap::new();
    let Some(node) = reader.required(fields, "steps") else { return steps };
    let Some(entries) = reader.map(node, "`steps`") else { return steps };
    if entries.is_empty() {
        let problem = Diagnostic::error("playbook::no-steps", "the playbook has no steps")
            .label(node.span, "empty");
        reader.problems.push(problem.help("add one: `id: { uses: <action>, with: { ... } }`"));
    }
    steps.reserve(entries.len());
    for (key, value) in entries {
        if let Some(step) = step::read(reader, key, value, roles) {
            steps.insert(step.id.value.clone(), step);
        }
    }
    steps
}
