//! `guard`, `expect`, `respond`, `refused` and `recover`.

use indexmap::IndexMap;

use super::{Roles, faults, required_template, steps, template};
use crate::drill::document::{
    Expect, Guard, Recover, RecoverAfter, Refused, Respond, RespondAfter, Via,
};
use crate::playbook::{
    Diagnostic, Spanned,
    expr::Template,
    read::fields::{Fields, Reader},
    tree::{Kind, Node},
};

pub(crate) const GUARD_KEYS: &[&str] =
    &["accounts", "regions", "required-tag", "max-cost", "window"];
pub(crate) const EXPECT_KEYS: &[&str] =
    &["source", "fault", "resource", "match", "pattern", "region", "within", "via", "accept"];
pub(crate) const RESPOND_KEYS: &[&str] = &["playbook", "with", "within", "as", "after"];
pub(crate) const REFUSED_KEYS: &[&str] = &["fault", "as", "steps", "calls", "within"];
pub(crate) const RECOVER_KEYS: &[&str] =
    &["recovery-point", "rto", "rpo", "after", "accept", "steps"];
/// What `recover` can accept.
pub(crate) const ACCEPTED: [&str; 2] = ["unverified", "left-over"];
pub(crate) const RESPOND_AFTER: [(&str, RespondAfter); 3] = [
    ("faults", RespondAfter::Faults),
    ("first-detection", RespondAfter::FirstDetection),
    ("detections", RespondAfter::Detections),
];
pub(crate) const RECOVER_AFTER: [(&str, RecoverAfter); 4] = [
    ("faults", RecoverAfter::Faults),
    ("first-detection", RecoverAfter::FirstDetection),
    ("response", RecoverAfter::Response),
    ("experiment", RecoverAfter::Experiment),
];

pub(super) fn guard(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Guard {
    let Some(node) = reader.required(fields, "guard") else { return Guard::default() };
    let Some(fields) = reader.fields(node, "`guard`", GUARD_KEYS) else { return Guard::default() };
    let accounts = texts(reader, &fields, "accounts");
    for account in &accounts {
        if account.value.len() != 12 || !account.value.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!("`{}` is not an account id", account.value);
            let problem =
                Diagnostic::error("simulation::bad-account", message).label(account.span, "here");
            reader.problems.push(problem.help(
                "write the twelve digits in quotes: a drill runs only in accounts that are named",
            ));
        }
    }
    let regions = texts(reader, &fields, "regions");
    for (key, list) in [("accounts", &accounts), ("regions", &regions)] {
        if list.is_empty() {
            let message = format!("`guard` names no {key}");
            let problem = Diagnostic::error("simulation::open-guard", message)
                .label(fields.span, "missing here");
            reader.problems.push(problem.help(format!(
                "add `{key}: [..]`: a drill injects faults, and does so nowhere by default"
            )));
        }
    }
    let max_cost = match reader.required(&fields, "max-cost") {
        Some(Node { kind: Kind::Number(number), .. }) => number.as_f64(),
        Some(node) => reader.wrong(node, "`max-cost`", "a number of US dollars", None),
        None => None,
    };
    let tag = fields.get("required-tag").and_then(|node| {
        let tag = reader.spanned(node, "`required-tag`")?;
        if !tag.value.contains('=') {
            let message = format!("`{}` is not a tag", tag.value);
            let problem = Diagnostic::error("simulation::bad-tag", message).label(tag.span, "here");
            reader.problems.push(problem.help("write it as `key=value`"));
        }
        Some(tag.value)
    });
    Guard {
        span: fields.span,
        accounts: accounts.into_iter().map(|one| one.value).collect(),
        regions: regions.into_iter().map(|one| one.value).collect(),
        required_tag: tag,
        max_cost: max_cost.unwrap_or_default(),
        window: template(reader, &fields, "window"),
    }
}

fn texts(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Vec<Spanned<String>> {
    faults::ids(reader, fields, key)
}

pub(super) fn expect(reader: &mut Reader<'_>, fields: &Fields<'_>) -> IndexMap<String, Expect> {
    let mut found = IndexMap::new();
    let Some(node) = fields.get("expect") else { return found };
    for (key, value) in reader.map(node, "`expect`").unwrap_or_default() {
        let Some(name) = key.as_str() else { continue };
        reader.id(name, key.span, "a detection");
        if let Some(one) = detection(reader, key, value) {
            found.insert(name.to_owned(), one);
        }
    }
    found
}

fn detection(reader: &mut Reader<'_>, key: &Node, value: &Node) -> Option<Expect> {
    let what = format!("detection `{}`", key.as_str().unwrap_or_default());
    let mut fields = reader.fields(value, &what, EXPECT_KEYS)?;
    fields.span = key.span;
    let source = required_template(reader, &fields, "source");
    let fault = fields.get("fault").and_then(|node| reader.spanned(node, "`fault`"));
    let resource = required_template(reader, &fields, "resource");
    let within =
        reader.required(&fields, "within").and_then(|node| reader.duration(node, "`within`"));
    let ways = [("events", Via::Events), ("poll", Via::Poll)];
    let via = fields.get("via").and_then(|node| {
        let parse = |text: &str| ways.iter().find(|(word, _)| *word == text).map(|(_, via)| *via);
        reader.choice(node, "`via`", parse, ways.iter().map(|(word, _)| *word))
    });
    let accepts_plumbing = accepted(reader, &fields, &["plumbing-only"]);
    Some(Expect {
        span: key.span,
        source: source?,
        fault,
        resource: resource?,
        matching: template(reader, &fields, "match"),
        pattern: template(reader, &fields, "pattern"),
        region: template(reader, &fields, "region"),
        within: within?,
        via: via.unwrap_or(Via::Events),
        accepts_plumbing: !accepts_plumbing.is_empty(),
    })
}

/// What is accepted, of `words`.
fn accepted(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    words: &[&'static str],
) -> Vec<Spanned<String>> {
    let given = faults::ids(reader, fields, "accept");
    for word in given.iter().filter(|word| !words.contains(&word.value.as_str())) {
        let message = format!("`accept` cannot be `{}`", word.value);
        let problem =
            Diagnostic::error("playbook::unknown-value", message).label(word.span, "unknown value");
        let known = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ");
        reader.problems.push(problem.help(format!("only {known} can be accepted")));
    }
    given
}

pub(super) fn respond(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Respond> {
    let node = fields.get("respond")?;
    let fields = reader.fields(node, "`respond`", RESPOND_KEYS)?;
    let playbook =
        reader.required(&fields, "playbook").and_then(|node| reader.spanned(node, "`playbook`"));
    let with = fields.get("with").filter(|node| reader.map(node, "`with`").is_some());
    let with = match with {
        Some(node) => Template::read(node, reader.text, &mut reader.problems),
        None => Template::empty(fields.span),
    };
    let within = fields.get("within").and_then(|node| reader.duration(node, "`within`"));
    let actor = faults::actor(reader, &fields);
    let after = word(reader, &fields, "after", &RESPOND_AFTER);
    Some(Respond {
        span: fields.span,
        playbook: playbook?,
        with: with.into(),
        within,
        actor,
        after: after.unwrap_or_default(),
    })
}

pub(super) fn refused(reader: &mut Reader<'_>, fields: &Fields<'_>) -> IndexMap<String, Refused> {
    let mut found = IndexMap::new();
    let Some(node) = fields.get("refused") else { return found };
    for (key, value) in reader.map(node, "`refused`").unwrap_or_default() {
        let Some(name) = key.as_str() else { continue };
        reader.id(name, key.span, "an attempt");
        let what = format!("attempt `{name}`");
        let Some(fields) = reader.fields(value, &what, REFUSED_KEYS) else { continue };
        let within =
            reader.required(&fields, "within").and_then(|node| reader.duration(node, "`within`"));
        let fault = fields.get("fault").and_then(|node| reader.spanned(node, "`fault`"));
        let actor = faults::actor(reader, &fields);
        let steps = faults::ids(reader, &fields, "steps");
        let calls = faults::ids(reader, &fields, "calls");
        let Some(within) = within else { continue };
        let one = Refused { span: key.span, fault, actor, steps, calls, within };
        found.insert(name.to_owned(), one);
    }
    found
}

/// One of some words.
fn word<T: Copy>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    words: &'static [(&'static str, T)],
) -> Option<T> {
    let node = fields.get(key)?;
    let parse = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, it)| *it);
    reader.choice(node, &format!("`{key}`"), parse, words.iter().map(|(word, _)| *word))
}

pub(super) fn recover(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    roles: &Roles,
) -> Option<Recover> {
    let node = fields.get("recover")?;
    let fields = reader.fields(node, "`recover`", RECOVER_KEYS)?;
    reader.required(&fields, "steps");
    let steps = steps(reader, &fields, "steps", roles);
    let accepted = accepted(reader, &fields, &ACCEPTED);
    let accepts = |word: &str| accepted.iter().any(|one| one.value == word);
    Some(Recover {
        span: fields.span,
        recovery_point: template(reader, &fields, "recovery-point"),
        rto: fields.get("rto").and_then(|node| reader.duration(node, "`rto`")),
        rpo: fields.get("rpo").and_then(|node| reader.duration(node, "`rpo`")),
        after: word(reader, &fields, "after", &RECOVER_AFTER),
        accepts_unverified: accepts(ACCEPTED[0]),
        accepts_left_over: accepts(ACCEPTED[1]),
        steps,
    })
}
