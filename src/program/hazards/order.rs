//! Hazards of order: what undoes a containment because it comes at the wrong time.

use super::{Found, Look, text};
use crate::playbook::{
    Effect::{AsksPerson, PutsOnStandby, TakesOut},
    OnFailure,
};

pub(super) fn isolate_in_group<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let goes_on = look
        .doing(TakesOut)
        .filter(|node| text(node, "in-auto-scaling-group").is_some_and(|way| way == "allow"));
    let found = goes_on.filter(|node| {
        // A person may put it on standby as well.
        let standby = |other| look.does(other, PutsOnStandby) || look.does(other, AsksPerson);
        !look.program.nodes().any(|other| standby(other) && look.before(other, node))
    });
    let found = found.map(|node| Found {
        node,
        message: format!(
            "`{}` continues even if an Auto Scaling group holds the instance, and no earlier step puts it on standby",
            node.id
        ),
        help: "put it on standby in a step before, or leave `in-auto-scaling-group` out to have it refused".into(),
    });
    found.collect()
}

pub(super) fn release_beside<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let contains = |uses: &str| look.catalogue.get(uses).is_some_and(|action| action.contains);
    let mut found = Vec::new();
    for node in look.program.nodes().filter(|node| node.on_failure == OnFailure::Release) {
        let beside = look.program.nodes().find(|other| {
            other.id != node.id
                && contains(&other.uses)
                && !look.before(other, node)
                && !look.before(node, other)
        });
        let Some(beside) = beside else { continue };
        found.push(Found {
            node,
            message: format!(
                "when `{}` fails, what `{}` contains beside it is given back, done or not",
                node.id, beside.id
            ),
            help: format!("add `needs: [{}]` to `{}`, or the other way round", node.id, beside.id),
        });
    }
    found
}
