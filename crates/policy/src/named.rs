//! The principals that a policy names, and whether the caller is one of them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use serde_json::Value;

use crate::{
    Caller, Context, Missing, Principal, Value as Key, Who, arn,
    caller::is_account,
    context::Look,
    statement::{Listed, texts},
    truth::Truth,
};

/// By what a statement reaches the caller, which decides what else limits an `Allow` of it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The caller itself, or everyone.
    Direct,
    /// The role of a session, or the user who made one.
    Limited,
    /// The account, which must give it on.
    Delegated,
}

/// Whether a statement reaches the caller, in each way.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub direct: Truth,
    pub limited: Truth,
    pub delegated: Truth,
}

impl Reached {
    pub(crate) fn new(direct: Truth) -> Self {
        Self { direct, limited: Truth::No, delegated: Truth::No }
    }

    pub(crate) fn at_all(&self) -> Truth {
        Truth::any([self.direct.clone(), self.limited.clone(), self.delegated.clone()])
    }
}

/// Whether a text is the unique id of a user or a role. In place of an ARN such an id stands for one that was deleted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub fn is_unique_id(text: &str) -> bool {
    let id = text.split(':').next().unwrap_or(text);
    (id.starts_with("AIDA") || id.starts_with("AROA"))
        && id.len() >= 16
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The entries of a `Principal` element.
pub(crate) fn read(value: &Value) -> Option<Vec<Principal>> {
    let entry = |kind: &str, text: String| Principal { kind: kind.into(), text };
    match value {
        Value::String(all) if all == "*" => Some(vec![entry("AWS", all.clone())]),
        Value::Object(kinds) => {
            let mut entries = Vec::new();
            for (kind, of_kind) in kinds {
                if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
                    return None;
                }
                entries.extend(texts(of_kind)?.into_iter().map(|text| entry(kind, text)));
            }
            Some(entries)
        }
        _ => None,
    }
}

/// Whether a `Principal` or `NotPrincipal` element reaches the caller. `bounded` is whether the caller has a
/// permissions boundary.
pub(crate) fn reaches(
    listed: &Listed<Principal>,
    deny: bool,
    caller: &Caller,
    context: &Context,
    bounded: &Truth,
) -> Reached {
    let each: Vec<_> = listed.items.iter().map(|entry| meets(entry, caller, context)).collect();
    let by = |reach: Reach| {
        Truth::any(each.iter().filter(|(by, _)| *by == reach).map(|(_, truth)| truth.clone()))
    };
    let found = Reached {
        direct: by(Reach::Direct),
        limited: by(Reach::Limited),
        delegated: by(Reach::Delegated),
    };
    if !listed.not {
        return found;
    }
    let spared = found.at_all();
    let mut reached = spared.clone().negated();
    // "If the NotPrincipal element contained only Bob's ARN, the effect of the policy might be to explicitly deny
    // access to the AWS account that contains the user Bob": the account must be named too, and of a session its role.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    let session = matches!(caller.who(), Who::Session { .. });
    let whole = found.delegated == Truth::Yes
        && (found.direct != Truth::Yes || !session || found.limited == Truth::Yes);
    let alone = found.limited == Truth::No && found.direct == Truth::No;
    let everyone = listed.items.iter().any(|entry| entry.kind == "AWS" && entry.text == "*");
    if spared == Truth::Yes && !whole && !alone && !everyone && caller.account().is_some() {
        reached = Truth::undocumented(
            "a `NotPrincipal` that names a principal without its account or role",
        );
    }
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    if deny && caller.has_identity() && *caller.who() != Who::Root {
        reached = reached.or(bounded.clone());
    }
    Reached::new(reached)
}

/// Whether the caller is the principal of an entry.
fn meets(entry: &Principal, caller: &Caller, context: &Context) -> (Reach, Truth) {
    let text = entry.text.as_str();
    // IAM takes no pattern here, but for `*` alone:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    if text.contains(['*', '?']) && !(entry.kind == "AWS" && text == "*") {
        let text = format!("the principal `{text}`");
        return (Reach::Direct, Truth::open(Missing::Malformed(text)));
    }
    match entry.kind.as_str() {
        "AWS" => aws(text, caller, context),
        "Service" => {
            (Reach::Direct, (*caller.who() == Who::Service && caller.text() == text).into())
        }
        "Federated" => {
            (Reach::Direct, (*caller.who() == Who::Provider && caller.text() == text).into())
        }
        _ => match caller.who() {
            Who::Canonical => (Reach::Direct, (caller.text() == text).into()),
            // The id belongs to an account, but does not tell which.
            _ if caller.account().is_some() => {
                (Reach::Delegated, Truth::open(Missing::Principal(text.into())))
            }
            _ => (Reach::Direct, Truth::No),
        },
    }
}

fn aws(text: &str, caller: &Caller, context: &Context) -> (Reach, Truth) {
    if text == "*" {
        return (Reach::Direct, Truth::Yes);
    }
    if is_account(text) {
        return (Reach::Delegated, account(text, caller));
    }
    if is_unique_id(text) {
        return unique(text, caller, context);
    }
    let Ok(named) = Caller::parse(text) else {
        let text = format!("the principal `{text}`");
        return (Reach::Direct, Truth::open(Missing::Malformed(text)));
    };
    let same_account = named.account() == caller.account();
    let some = |reach| (reach, Truth::open(Missing::Principal(text.into())));
    match (named.who(), caller.who()) {
        (Who::Root, _) => (Reach::Delegated, account(named.account().unwrap_or_default(), caller)),
        (Who::User(_), Who::User(_)) => (Reach::Direct, (text == caller.text()).into()),
        // The ARN of such a session has a name that its maker chose, usually that of the user.
        (Who::User(path), Who::Federated(name)) => {
            (Reach::Limited, (same_account && path.rsplit('/').next() == Some(name)).into())
        }
        (Who::Role(_), Who::Role(_) | Who::Session { .. }) => {
            let same = same_account
                && named.role() == caller.role()
                && partition(&named) == partition(caller);
            (Reach::Limited, same.into())
        }
        (Who::Session { .. }, Who::Session { .. }) | (Who::Federated(_), Who::Federated(_)) => {
            (Reach::Direct, (text == caller.text()).into())
        }
        (Who::Session { .. }, Who::Role(_)) if same_account && named.role() == caller.role() => {
            some(Reach::Direct)
        }
        (Who::User(_) | Who::Session { .. } | Who::Federated(_), Who::Account) if same_account => {
            some(Reach::Direct)
        }
        (Who::Role(_), Who::Account) if same_account => some(Reach::Limited),
        _ => (Reach::Direct, Truth::No),
    }
}

/// Whether the caller belongs to an account: providers and services do not, and a deleted principal does no more.
fn account(id: &str, caller: &Caller) -> Truth {
    (*caller.who() != Who::Provider && caller.account() == Some(id)).into()
}

fn partition(caller: &Caller) -> Option<&str> {
    arn::parts(caller.text()).map(|parts| parts[1])
}

/// An entry that is a unique id, of a session with `:` and its name.
fn unique(text: &str, caller: &Caller, context: &Context) -> (Reach, Truth) {
    let role = text.starts_with("AROA") && !text.contains(':');
    let reach = if role { Reach::Limited } else { Reach::Direct };
    let open = || Truth::open(Missing::Key("aws:userid".into()));
    let truth = match caller.who() {
        Who::Unique => (caller.text() == text).into(),
        Who::User(_) | Who::Role(_) | Who::Session { .. } => match context.look("aws:userid") {
            Look::Value(Key::One(id)) => (id == text
                || id.strip_prefix(text).is_some_and(|rest| rest.starts_with(':')))
            .into(),
            // Every such request has the key: what is not given is unknown.
            _ => open(),
        },
        Who::Account => Truth::open(Missing::Principal(text.into())),
        _ => Truth::No,
    };
    (reach, truth)
}
