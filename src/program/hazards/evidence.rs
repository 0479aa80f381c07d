//! Hazards for evidence: captured too late, lost by a reboot or a stop, or kept where the
//! intruder may be.

use super::{Found, Look, same_instance, sources, text};
use crate::playbook::Effect::{
    CopiesSnapshot, CutsAgent, Ends, KeepsDisks, MayReboot, RunsCommand, Shares, TakesSnapshots,
};

pub(super) fn memory_after_isolation<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for command in look.doing(RunsCommand) {
        let late = look
            .doing(CutsAgent)
            .find(|cut| same_instance(command, cut) && !look.before(command, cut));
        let Some(cut) = late else { continue };
        let (order, help) = match look.before(cut, command) {
            true => ("after", format!("turn the order round: `{}` needs `{}`", cut.id, command.id)),
            false => ("beside", format!("add `needs: [{}]` to `{}`", command.id, cut.id)),
        };
        found.push(Found {
            node: command,
            message: format!(
                "`{}` runs a command on the instance {order} `{}`, which cuts its agent off",
                command.id, cut.id
            ),
            help,
        });
    }
    found
}

pub(super) fn image_reboots<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let reboots = look
        .doing(MayReboot)
        .filter(|image| text(image, "no-reboot").is_some_and(|value| value == "false"));
    let unseen = reboots.filter(|image| {
        let mut commands = look.doing(RunsCommand);
        !commands.any(|command| same_instance(command, image) && look.before(command, image))
    });
    let found = unseen.map(|image| Found {
        node: image,
        message: format!(
            "`{}` reboots the instance, and nothing was captured of its memory before",
            image.id
        ),
        help: "leave `no-reboot` out, or capture memory first".into(),
    });
    found.collect()
}

pub(super) fn stop_before_snapshot<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let unkept = look.doing(Ends).filter(|end| {
        let mut kept = look.doing(KeepsDisks);
        !kept.any(|keep| same_instance(keep, end) && look.before(keep, end))
    });
    let found = unkept.map(|end| Found {
        node: end,
        message: format!("`{}` ends the instance, and no snapshot of it was taken before", end.id),
        help: "take one with `ec2.snapshot-volumes`, and name that step in `needs`".into(),
    });
    found.collect()
}

pub(super) fn shared_under_default_key<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for share in look.doing(Shares) {
        for source in sources(share, "snapshot") {
            let Some(source) = look.program.get(&source) else { continue };
            let message = if look.does(source, CopiesSnapshot) {
                if source.with.get("kms-key").is_some() {
                    continue;
                }
                format!("`{}` shares the copy of `{}`, which names no key", share.id, source.id)
            } else if look.does(source, TakesSnapshots) {
                format!(
                    "`{}` shares a snapshot of `{}`, which has the key of its volume",
                    share.id, source.id
                )
            } else {
                continue;
            };
            let help = "share a copy that `ec2.copy-snapshot` makes with `kms-key`".into();
            found.push(Found { node: share, message, help });
        }
    }
    found
}

pub(super) fn evidence_in_one_place<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let first = look.doing(KeepsDisks).next();
    let shared = look.doing(Shares).next().is_some();
    let found = first.filter(|_| !shared).map(|keep| Found {
        node: keep,
        message: format!("what `{}` keeps stays in the contained account alone", keep.id),
        help: "share it with the account that keeps evidence: `ec2.share-snapshot`".into(),
    });
    found.into_iter().collect()
}
