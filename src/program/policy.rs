//! The IAM policies of a program: one to run it, one to release it. Owns what only the file can say: which
//! roles its steps pass to services, which managed policies they attach, as whom they act. What an
//! action needs is its own table.
//!
//! A role may only be passed to the service that the call is for, and where the drill makes it, only by
//! the name that the drill gives it: who may pass any role to any service may become any role.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>

use std::collections::BTreeSet;

use crate::{
    actions::{
        Access, catalogue,
        policy::{
            ALWAYS, Condition, Fill, Grant, Kept, PLANNING, Policies, document, for_release,
            for_run,
        },
    },
    aws::{ASSUME_ROLE, fis::HALTS, publish::PUBLISH, ssm::KeptSecret},
    engine::Permission,
    playbook::{
        ActorKind,
        expr::{Expr, Part, Target, Template, TemplateKind},
    },
};

use super::{Node, Program};

/// Where the policies are that runs make.
const OWN_POLICIES: &str = "arn:aws:iam::{account}:policy/backburn/*";

/// Where the roles of drills are, by the name that a drill gives them.
const DRILL_ROLES: &str = "arn:aws:iam::{account}:role/backburn/backburn-*";

/// The two policies of a program. `topics` are the ARNs of the SNS topics that its runs publish to, `secrets`
/// where its sensitive inputs are kept.
pub fn policies(
    program: &Program,
    kept: Kept,
    topics: &[&str],
    secrets: &[KeptSecret],
    fill: Fill<'_>,
) -> Policies {
    let mut run: BTreeSet<Grant> =
        [ALWAYS].iter().chain(PLANNING).copied().map(Grant::from).collect();
    let mut release = BTreeSet::from([Grant::from(ALWAYS)]);
    for node in program.nodes() {
        let Some(entry) = catalogue::find(&node.uses) else { continue };
        let access = entry.spec.access;
        run.extend(granted(for_run(access, kept), node, program));
        release.extend(granted(for_release(access, kept), node, program));
        run.extend(acts(node, program));
    }
    if halts(program, kept) {
        // Whoever may run or release a drill may also end it at once.
        run.extend(HALTS.iter().copied().map(Grant::from));
        release.extend(HALTS.iter().copied().map(Grant::from));
    }
    for topic in topics {
        let publish = Grant { resource: (*topic).into(), ..PUBLISH.into() };
        run.insert(publish.clone());
        release.insert(publish);
    }
    for (permission, resource) in secrets.iter().flat_map(KeptSecret::needs) {
        let read = Grant { resource, ..permission.into() };
        run.insert(read.clone());
        release.insert(read);
    }
    Policies { run: document(&run, fill), release: document(&release, fill) }
}

/// What an action needs for what a plan shows of it: to change settings and start operations of these kinds.
/// A drill releases what it makes, so that belongs to it. What the action or the kind can do without is left out: an
/// attacker who has it denied must not hold up containment.
pub fn planned(action: &str, kinds: &[&str], kept: Kept) -> BTreeSet<Permission> {
    let spec = catalogue::find(action).map(|entry| entry.spec).filter(|spec| !spec.lenient);
    let access = spec.into_iter().flat_map(|spec| spec.access);
    let of_kind = |one: &Access| {
        let lookups = one.lookups.iter().flat_map(|table| *table);
        let (releases, discards): (&[_], &[_]) = match kept {
            Kept::Evidence => (&[], &[]),
            Kept::Nothing => (one.releases, one.discards.unwrap_or_default()),
        };
        let all = one.writes.iter().chain(lookups).chain(releases).chain(discards);
        all.filter(|needed| !one.spares.contains(needed)).copied().collect::<Vec<_>>()
    };
    access.filter(|one| kinds.contains(&one.kind)).flat_map(of_kind).collect()
}

/// What running a program needs to be allowed, and on what.
pub fn needed<'a>(nodes: impl IntoIterator<Item = &'a Node>, kept: Kept) -> BTreeSet<Permission> {
    let mut found: BTreeSet<_> = [ALWAYS].iter().chain(PLANNING).copied().collect();
    for node in nodes {
        let access = catalogue::find(&node.uses).map(|entry| entry.spec.access);
        found.extend(for_run(access.unwrap_or_default(), kept));
        found.extend(is_role(node).then_some(ASSUME_ROLE));
    }
    found
}

fn is_role(node: &Node) -> bool {
    node.actor.as_ref().is_some_and(|actor| actor.kind != ActorKind::AccessKey)
}

/// A drill with an experiment, which `drill halt` ends.
fn halts(program: &Program, kept: Kept) -> bool {
    kept == Kept::Nothing && program.nodes().any(|node| node.uses == "fis.run-experiment")
}

/// The role that a step acts as.
fn acts(node: &Node, program: &Program) -> Option<Grant> {
    let actor = node.actor.as_ref().filter(|_| is_role(node))?;
    // It is declared in the document that holds the playbook, not in the playbook.
    let which = match actor.kind {
        ActorKind::Session => actor.which.get("role")?,
        ActorKind::AccessKey | ActorKind::Role => &actor.which,
    };
    let resource = role(which, None, program);
    Some(Grant { resource: resource.unwrap_or(ASSUME_ROLE.resource.into()), ..ASSUME_ROLE.into() })
}

fn granted(
    permissions: BTreeSet<Permission>,
    node: &Node,
    program: &Program,
) -> impl Iterator<Item = Grant> {
    permissions.into_iter().filter_map(move |permission| {
        let mut grant = Grant::from(permission);
        match permission.action {
            // An instance without a profile is given no role.
            "iam:PassRole" if node.uses == "ec2.run-instance" => {
                let profile = node.with.get("instance-profile")?;
                grant.resource = in_profile(profile, node, program).unwrap_or(grant.resource);
            }
            "iam:PassRole" => {
                if let Some(given) = node.with.get("role") {
                    grant.resource = role(given, Some(node), program).unwrap_or(grant.resource);
                }
            }
            // Only what the file attaches; nothing where it attaches nothing. A deny that has no room as an
            // inline policy is a policy that the run makes.
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
            "iam:AttachRolePolicy" | "iam:AttachUserPolicy" => {
                let values = match node.uses.starts_with("iam.create-") {
                    true => arns(node.with.get("managed-policies")?)?,
                    false => BTreeSet::from([OWN_POLICIES.to_owned()]),
                };
                let (operator, key) = ("ArnLike".into(), "iam:PolicyARN".into());
                grant.only = Some(Condition { operator, key, values });
            }
            _ => {}
        }
        Some(grant)
    })
}

/// The step that makes what an input names, if it is an action's output of this name.
fn maker<'p>(
    given: &Template,
    node: Option<&Node>,
    program: &'p Program,
    made: (&str, &str),
) -> Option<&'p Node> {
    let TemplateKind::Expr(expr) = &given.kind else { return None };
    let Target::Output { step, output } = &expr.exact()?.target else { return None };
    let prefix = node.and_then(|node| node.frame.as_ref()).map(|frame| &*frame.prefix);
    let maker = program.get(&format!("{}{step}", prefix.unwrap_or_default()))?;
    ((maker.uses.as_str(), output.as_str()) == made).then_some(maker)
}

/// The ARN pattern of a role that the drill makes.
fn drill_role(maker: &Node) -> String {
    let named = maker.with.get("name").map(text);
    let path = DRILL_ROLES.strip_suffix("backburn-*").unwrap_or(DRILL_ROLES);
    named.map_or(DRILL_ROLES.into(), |name| format!("{path}{name}"))
}

/// That of the role in an instance profile that the drill makes.
fn in_profile(given: &Template, node: &Node, program: &Program) -> Option<String> {
    let profile = ("iam.create-instance-profile", "profile");
    let profile = maker(given, Some(node), program, profile)?;
    let role = profile.with.get("role")?;
    maker(role, Some(profile), program, ("iam.create-role", "role")).map(drill_role)
}

/// The ARN pattern of a role that an input names; `None` where only the run will know.
fn role(given: &Template, node: Option<&Node>, program: &Program) -> Option<String> {
    match &given.kind {
        TemplateKind::Expr(_) => {
            maker(given, node, program, ("iam.create-role", "arn")).map(drill_role)
        }
        TemplateKind::String(_) | TemplateKind::Text(_) => Some(text(given)),
        _ => None,
    }
    .filter(|arn| arn.starts_with("arn:"))
}

/// The ARN patterns of a list; `None` for an empty one.
fn arns(list: &Template) -> Option<BTreeSet<String>> {
    let values: BTreeSet<_> = match &list.kind {
        TemplateKind::List(items) => items.iter().map(text).collect(),
        // All of it is computed.
        TemplateKind::Expr(_) => BTreeSet::from(["*".into()]),
        _ => return None,
    };
    (!values.is_empty()).then_some(values)
}

/// A text with `*` for what only a run knows. The partition is filled in with the policy's own.
fn text(given: &Template) -> String {
    let open = |expr: &Expr| match expr.exact().map(|one| &one.target) {
        Some(Target::RunPartition) => "aws",
        _ => "*",
    };
    match &given.kind {
        TemplateKind::String(text) => text.clone(),
        TemplateKind::Text(parts) => {
            let part = |part: &Part| match part {
                Part::Literal(text) => text.clone(),
                Part::Expr(expr) => open(expr).to_owned(),
            };
            parts.iter().map(part).collect()
        }
        _ => "*".into(),
    }
}
