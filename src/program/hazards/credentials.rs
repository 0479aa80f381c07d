//! Hazards of credentials: a deny that the intruder walks around.

use super::{Found, Look, same_instance, text};
use crate::playbook::Effect::{DeniesSessions, RepairsTrust};

pub(super) fn role_comes_back<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let scope = |node, wanted: &str| text(node, "scope").is_some_and(|scope| scope == wanted);
    let repaired = look.doing(RepairsTrust).next().is_some();
    let open = look.doing(DeniesSessions).filter(|deny| scope(deny, "role") && !repaired);
    let open = open.filter(|deny| {
        // Left out, the scope is the instance.
        let for_good = |other| text(other, "scope").is_none() || scope(other, "instance");
        !look.doing(DeniesSessions).any(|other| for_good(other) && same_instance(other, deny))
    });
    let found = open.map(|deny| Found {
        node: deny,
        message: format!(
            "`{}` denies the sessions that the role has now, and who may assume it gets new ones",
            deny.id
        ),
        help: "add a step `iam.repair-trust-policy`, or one with `scope: instance`".into(),
    });
    found.collect()
}
