//! Hazards of evidence: what is captured too late, lost by a reboot or a stop, or kept where the
//! intruder may be.

use super::{Found, Look, same_instance, sources, text};

const COMMAND: &[&str] = &["ssm.run-command"];
const CUTS_THE_AGENT: &[&str] = &["ec2.isolate-instance", "ec2.revoke-instance-role"];
const KEEPS_DISKS: &[&str] = &["ec2.create-image", "ec2.create-snapshot", "ec2.snapshot-volumes"];
const ENDS: &[&str] = &["ec2.stop-instance", "ec2.terminate-instance"];
const SHARES: &[&str] = &["ec2.share-snapshot"];

pub(super) fn memory_after_isolation<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for command in look.using(COMMAND) {
        let late = look
            .using(CUTS_THE_AGENT)
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
        .using(&["ec2.create-image"])
        .filter(|image| text(image, "no-reboot").is_some_and(|value| value == "false"));
    let unseen = reboots.filter(|image| {
        let mut commands = look.using(COMMAND);
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
    let unkept = look.using(ENDS).filter(|end| {
        let mut kept = look.using(KEEPS_DISKS);
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
    for share in look.using(SHARES) {
        for source in sources(share, "snapshot") {
            let Some(source) = look.program.get(&source) else { continue };
            let message = match source.uses.as_str() {
                "ec2.copy-snapshot" if source.with.get("kms-key").is_none() => {
                    format!("`{}` shares the copy of `{}`, which names no key", share.id, source.id)
                }
                "ec2.snapshot-volumes" | "ec2.create-snapshot" => format!(
                    "`{}` shares a snapshot of `{}`, which has the key of its volume",
                    share.id, source.id
                ),
                _ => continue,
            };
            let help = "share a copy that `ec2.copy-snapshot` makes with `kms-key`".into();
            found.push(Found { node: share, message, help });
        }
    }
    found
}

pub(super) fn evidence_in_one_place<'a>(look: &Look<'a>) -> Vec<Found<'a>> {
    let first = look.using(KEEPS_DISKS).next();
    let shared = look.using(SHARES).next().is_some();
    let found = first.filter(|_| !shared).map(|keep| Found {
        node: keep,
        message: format!("what `{}` keeps stays in the contained account alone", keep.id),
        help: "share it with the account that keeps evidence: `ec2.share-snapshot`".into(),
    });
    found.into_iter().collect()
}
