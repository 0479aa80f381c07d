//! The expert linter: things that are legal in a playbook but go wrong in an incident. Owns the list of
//! hazards and what `accept` takes off it; each hazard looks at the compiled order, not at the file's.

mod credentials;
mod evidence;
mod order;
mod people;

use super::graph::{Node, Program};
use crate::playbook::expr::{Part, Target, Template, TemplateKind};
use crate::playbook::{Catalogue, Diagnostic, Effect, Playbook};

/// A hazard without its code: where it is, the label there, and what to do.
struct Found<'a> {
    node: &'a Node,
    message: String,
    help: String,
}

type Hazard = for<'a> fn(&Look<'a>) -> Vec<Found<'a>>;

/// Code and search, in the order in which `codes` explains them.
const HAZARDS: &[(&str, Hazard)] = &[
    ("hazard::memory-after-isolation", evidence::memory_after_isolation),
    ("hazard::image-reboots", evidence::image_reboots),
    ("hazard::stop-before-snapshot", evidence::stop_before_snapshot),
    ("hazard::isolate-in-group", order::isolate_in_group),
    ("hazard::role-comes-back", credentials::role_comes_back),
    ("hazard::shared-under-default-key", evidence::shared_under_default_key),
    ("hazard::evidence-in-one-place", evidence::evidence_in_one_place),
    ("hazard::release-beside", order::release_beside),
    ("hazard::no-owner", people::no_owner),
    ("hazard::irreversible-without-approval", people::irreversible_without_approval),
];

/// Warnings, in no particular order.
pub(super) fn hazards(
    playbook: &Playbook,
    program: &Program,
    catalogue: &Catalogue,
) -> Vec<Diagnostic> {
    let look = Look { program, catalogue };
    let accepted = |code: &str| playbook.accept.iter().any(|one| one.hazard.value == code);
    let (mut all, mut hidden) = (Vec::new(), Vec::new());
    for (code, search) in HAZARDS {
        let found = search(&look);
        if accepted(code) && !found.is_empty() {
            hidden.push(*code);
            continue;
        }
        all.extend(found.into_iter().map(|Found { node, message, help }| {
            Diagnostic::warning(code, message).label(node.span, "here").help(help)
        }));
    }
    let idle = playbook.accept.iter().filter(|one| !hidden.contains(&&*one.hazard.value));
    all.extend(idle.map(|one| {
        let message = format!("the playbook accepts `{}` and does not have it", one.hazard.value);
        Diagnostic::warning("hazard::nothing-to-accept", message)
            .label(one.hazard.span, "not there")
            .help("remove the entry")
    }));
    all
}

/// What a hazard looks at.
struct Look<'a> {
    program: &'a Program,
    catalogue: &'a Catalogue,
}

impl<'a> Look<'a> {
    /// Whether the action of a step has this effect.
    fn does(&self, node: &Node, effect: Effect) -> bool {
        self.catalogue.get(&node.uses).is_some_and(|action| action.effects.contains(&effect))
    }

    /// The steps whose action has this effect.
    fn doing(&self, effect: Effect) -> impl Iterator<Item = &'a Node> + use<'a> {
        let (program, catalogue) = (self.program, self.catalogue);
        let look = Look { program, catalogue };
        program.nodes().filter(move |node| look.does(node, effect))
    }

    /// Whether `first` has ended before `second` starts.
    fn before(&self, first: &Node, second: &Node) -> bool {
        self.program.has_path(&first.id, &second.id)
    }
}

/// How a step writes one input.
fn text(node: &Node, input: &str) -> Option<String> {
    node.with.get(input).map(written)
}

fn written(template: &Template) -> String {
    match &template.kind {
        TemplateKind::Null => String::new(),
        TemplateKind::Bool(value) => value.to_string(),
        TemplateKind::Number(value) => value.to_string(),
        TemplateKind::String(value) => value.clone(),
        TemplateKind::Expr(expr) => format!("${{{{ {} }}}}", expr.source().trim()),
        TemplateKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Expr(expr) => format!("${{{{ {} }}}}", expr.source().trim()),
            })
            .collect(),
        TemplateKind::List(items) => items.iter().map(written).collect::<Vec<_>>().join(","),
        TemplateKind::Map(_) => String::new(),
    }
}

/// Whether two steps may concern the same instance: both write it the same way, or one of them is unknown.
fn same_instance(a: &Node, b: &Node) -> bool {
    let of = |node: &Node| {
        let text = text(node, "instance")?;
        // The item of one for-each is not the item of another list.
        let each = node.for_each.as_ref().filter(|_| text.contains("item"));
        Some((text, each.map(|each| each.source().trim().to_owned())))
    };
    let (a, b) = (of(a), of(b));
    a.is_some() && a == b
}

/// Steps whose outputs an input reads.
fn sources(node: &Node, input: &str) -> Vec<String> {
    let Some(template) = node.with.get(input) else { return Vec::new() };
    let mut refs: Vec<_> = template.refs().into_iter().map(|one| &one.target).collect();
    if refs.iter().any(|target| matches!(target, Target::Item)) {
        refs.extend(
            node.for_each
                .iter()
                .flat_map(super::super::playbook::expr::Expr::refs)
                .map(|one| &one.target),
        );
    }
    refs.into_iter()
        .filter_map(|target| match target {
            Target::Output { step, .. } => Some(step.clone()),
            _ => None,
        })
        .collect()
}
