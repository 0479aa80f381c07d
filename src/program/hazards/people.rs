//! Hazards of people: what nobody answers for, and what nobody decided.

use super::{Found, Look, Node};
use crate::playbook::Effect;

pub(super) fn no_owner<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let found = look.program.nodes().filter(|node| node.owner.is_none()).map(|node| Found {
        node,
        message: format!("nobody owns `{}`", node.id),
        help: "add `owner: <role>`, one of the playbook's `roles`".into(),
    });
    found.collect()
}

pub(super) fn irreversible_without_approval<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let irreversible = |node: &Node| {
        // A person does manual steps, and confirms them.
        !look.does(node, Effect::AsksPerson)
            && look.catalogue.get(&node.uses).is_some_and(|action| action.irreversible)
    };
    let open = look.program.nodes().filter(|node| node.approval.is_none() && irreversible(node));
    let found = open.map(|node| Found {
        node,
        message: format!(
            "`{}` does what release cannot give back, and nobody approves it",
            node.id
        ),
        help: "add `approval: { role: <role>, reason: ... }`".into(),
    });
    found.collect()
}
