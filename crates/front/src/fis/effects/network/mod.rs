//! `aws:network:disrupt-connectivity`: a clone of the subnet's network ACL with deny rules, and the way back.
//!
//! Steps and the tag `managedByFIS` as in
//! <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#disrupt-connectivity>. A second tag
//! names experiment and subnet, so that a clone made just before a kill is found again; AWS has no such tag.

mod acl;
mod ranges;
mod rules;

use serde_json::json;

use super::{Step, Trouble};
use crate::fis::model::{Disruption, Undo};
use crate::upstream::Session;

const MANAGED: &str = "managedByFIS";
const OURS: &str = "backburn:fis-experiment";

pub(super) async fn disrupt(step: &Step) -> Result<(), Trouble> {
    for (account, session, subnets) in step.targets()? {
        for subnet in subnets {
            one(step, account, session, &subnet).await?;
        }
    }
    Ok(())
}

async fn one(step: &Step, account: &str, session: &Session, subnet: &str) -> Result<(), Trouble> {
    let scope = step.parameter("scope").unwrap_or_default();
    let wanted = ranges::of(session, subnet, scope, step.parameter("prefixListIdentifier")).await?;
    let before = acl::of_subnet(session, subnet).await?;
    if before.tags.get(MANAGED).is_some_and(|value| value == "true") {
        return Err(Trouble::invalid_target(format!(
            "Subnet {subnet} is already disrupted by another action."
        )));
    }
    let entries = rules::build(&before.entries, &wanted, scope)
        .map_err(|why| Trouble::configuration(format!("Network ACL {}: {why}", before.id)))?;
    let mark = format!("{}/{}/{subnet}", step.id, step.name);
    let disruption = Disruption {
        account: account.to_owned(),
        subnet: subnet.to_owned(),
        original: before.id.clone(),
        mark: mark.clone(),
    };
    step.journal(Undo::Network(disruption)).await;
    let tags = json!([
        { "Key": MANAGED, "Value": "true" },
        { "Key": OURS, "Value": mark },
    ]);
    let clone = acl::create(session, &before.vpc, tags).await?;
    for entry in &entries {
        acl::add(session, &clone, entry).await?;
    }
    acl::associate(session, &before.association, &clone).await?;
    Ok(())
}

/// Back to the ACL that was there, unless somebody has changed it meanwhile.
pub(super) async fn restore(step: &Step, disruption: &Disruption) -> Result<(), Trouble> {
    let session = step.session(&disruption.account)?;
    let now = acl::of_subnet(session, &disruption.subnet).await?;
    let is_ours = now.tags.get(OURS).is_some_and(|value| *value == disruption.mark);
    if is_ours {
        acl::associate(session, &now.association, &disruption.original).await?;
    }
    for clone in acl::marked(session, OURS, &disruption.mark).await? {
        acl::delete(session, &clone).await?;
    }
    if is_ours || now.id == disruption.original {
        return Ok(());
    }
    Err(Trouble::configuration(format!(
        "Subnet {} was given network ACL {} during the action and keeps it.",
        disruption.subnet, now.id
    )))
}
