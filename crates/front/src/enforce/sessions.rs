//! Temporary credentials: what STS answered is remembered, because no request of a session tells when it was issued, by
//! whom, and with which policies. Kept in the store, so that they outlive the front.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html>

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::needs::values;
use crate::metadata::Delivery;
use crate::wire::Xml;
use crate::{Call, Front, Identity, Scope, Store};

const KIND: &str = "enforce.session";
/// Sessions remembered; more than a lab has.
const MOST: usize = 10_000;
/// Keys after which those are looked for that nobody needs any more.
const SWEEP: usize = 64;
/// How long an expired one is still told from one that never was.
const GRACE: SignedDuration = SignedDuration::from_hours(24);
/// The longest that AWS issues: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>.
const LONGEST: SignedDuration = SignedDuration::from_hours(36);

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Of {
    /// Of `GetSessionToken`, by the user's name.
    User(String),
    /// Of `GetFederationToken`, by the name of the user who asked for it.
    Federated(String),
    /// Of a role, by its name without path.
    Role(String),
    /// The root user asked for it.
    Root,
}

/// Temporary credentials, as they were issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Issued {
    /// As the front knows its caller.
    pub(crate) identity: Identity,
    pub(super) of: Of,
    /// To the second, as `aws:TokenIssueTime` has it.
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
    pub(super) source_identity: Option<String>,
    /// The session policy that was passed, as text.
    pub(super) policy: Option<String>,
    pub(super) policy_arns: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Keys of those tags that go on to the next session.
    pub(super) transitive: Vec<String>,
    /// `None` where AWS does not say whether such a session has the key.
    pub(super) has_mfa: Option<bool>,
    /// The identity provider that vouched for it.
    pub(super) provider: Option<String>,
    /// The upstream gave the same key to all: the front made this one, which the upstream does not know.
    pub(crate) is_minted: bool,
    /// The instance that it was handed to.
    #[serde(default)]
    pub(super) delivery: Option<Delivery>,
}

#[derive(Default)]
pub(super) struct Sessions {
    /// By access key; `None` is none of ours.
    known: Mutex<HashMap<String, Option<Arc<Issued>>>>,
}

/// Where the store keeps them: an access key tells no account.
fn at() -> Scope {
    Scope::new("sessions", "all")
}

impl Sessions {
    pub(super) fn get(&self, store: &Store, key: &str) -> Option<Arc<Issued>> {
        let mut known = self.lock();
        if let Some(found) = known.get(key) {
            return found.clone();
        }
        let found = store.get::<Issued>(&at(), KIND, key).map(Arc::new);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key.to_owned(), found.clone());
        found
    }

    pub(super) fn keep(&self, store: &Store, issued: Issued) {
        // Now and then: all are read for it.
        if self.lock().len().is_multiple_of(SWEEP) {
            let now = Timestamp::now();
            let all: Vec<Issued> = store.list(&at(), KIND);
            let surplus = (all.len() + SWEEP).saturating_sub(MOST);
            for (place, old) in all.iter().enumerate() {
                if place < surplus || old.until + GRACE < now {
                    store.remove(&at(), KIND, &old.identity.access_key);
                }
            }
        }
        let key = issued.identity.access_key.clone();
        store.put(&at(), KIND, &key, &issued);
        self.lock().insert(key, Some(Arc::new(issued)));
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Arc<Issued>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key that an upstream gives to every session, as AWS's documents show it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
const EXAMPLE: &str = "AKIAIOSFODNN7EXAMPLE";

/// Remembers what STS has answered. The answer again where it had to be changed: with a key of its own.
pub(super) fn learn(
    front: &Front,
    sessions: &Sessions,
    call: &Call,
    body: &[u8],
) -> Option<String> {
    let makes = ["AssumeRole", "GetSessionToken", "GetFederationToken"];
    if call.service != "sts" || !makes.iter().any(|name| call.operation.starts_with(name)) {
        return None;
    }
    let body = String::from_utf8_lossy(body);
    let xml = Xml::parse(&body)?;
    let text = |name: &str| xml.find(name).map(|found| found.text.clone());
    let key = text("AccessKeyId")?;
    let is_minted = key == EXAMPLE;
    let own = if is_minted { minted() } else { key };
    let by = sessions.get(front.store(), &call.identity.access_key);
    let issued = issued(call, &xml, own.clone(), by.as_deref(), is_minted)?;
    sessions.keep(front.store(), issued);
    is_minted.then(|| body.replace(EXAMPLE, &own))
}

/// `ASIA` and sixteen letters and digits, as AWS makes them.
fn minted() -> String {
    let letters: String = ulid::Ulid::generate().to_string().chars().rev().take(16).collect();
    format!("ASIA{letters}")
}

fn issued(
    call: &Call,
    xml: &Xml,
    access_key: String,
    by: Option<&Issued>,
    is_minted: bool,
) -> Option<Issued> {
    let text = |name: &str| xml.find(name).map(|found| found.text.clone());
    let user = |arn: &str| {
        let name = arn.split_once(":user/")?.1;
        Some(name.rsplit('/').next().unwrap_or(name).to_owned())
    };
    let (arn, user_id, of) = match call.operation.as_str() {
        "GetSessionToken" => {
            let of = user(&call.identity.arn).map_or(Of::Root, Of::User);
            (call.identity.arn.clone(), call.identity.user_id.clone(), of)
        }
        "GetFederationToken" => {
            let of = user(&call.identity.arn).map_or(Of::Root, Of::Federated);
            (text("Arn")?, text("FederatedUserId")?, of)
        }
        _ => {
            let arn = text("Arn")?;
            let role = arn.split_once(":assumed-role/")?.1.split('/').next()?.to_owned();
            (arn, text("AssumedRoleId")?, Of::Role(role))
        }
    };
    let now = seconds(call.received);
    let until = text("Expiration").and_then(|until| until.parse().ok()).unwrap_or(now + LONGEST);
    let is_role = matches!(of, Of::Role(_));
    let by = by.filter(|_| is_role);
    let mut tags: BTreeMap<String, String> = by
        .map(|by| {
            by.tags.clone().into_iter().filter(|(key, _)| by.transitive.contains(key)).collect()
        })
        .unwrap_or_default();
    tags.extend(tags_of(call));
    let mut transitive = by.map(|by| by.transitive.clone()).unwrap_or_default();
    transitive.extend(values(&call.params, "TransitiveTagKeys"));
    let is_federated = call.operation.starts_with("AssumeRoleWith");
    let named = |name: &str| call.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Issued {
        identity: Identity { account: arn.split(':').nth(4)?.to_owned(), arn, user_id, access_key },
        of,
        at: now,
        until,
        // "The source identity ... persists across chained role sessions."
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
        source_identity: named("SourceIdentity").or_else(|| by?.source_identity.clone()),
        policy: named("Policy"),
        policy_arns: policy_arns(call),
        tags,
        transitive,
        has_mfa: (!is_federated).then(|| named("TokenCode").is_some()),
        provider: named("PrincipalArn").or_else(|| named("ProviderId")).filter(|_| is_federated),
        is_minted,
        delivery: None,
    })
}

/// A session of a role that EC2 has handed an instance.
pub(super) fn delivered(
    identity: Identity,
    until: Timestamp,
    delivery: Delivery,
) -> Option<Issued> {
    let role = identity.arn.split_once(":assumed-role/")?.1.split('/').next()?.to_owned();
    Some(Issued {
        identity,
        of: Of::Role(role),
        at: seconds(Timestamp::now()),
        until,
        source_identity: None,
        policy: None,
        policy_arns: Vec::new(),
        tags: BTreeMap::new(),
        transitive: Vec::new(),
        has_mfa: None,
        provider: None,
        is_minted: false,
        delivery: Some(delivery),
    })
}

/// To the second: `aws:TokenIssueTime` has no parts of seconds.
fn seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

fn tags_of(call: &Call) -> BTreeMap<String, String> {
    let list = call.params.get("Tags").and_then(Value::as_array);
    let tag =
        |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    list.into_iter().flatten().filter_map(tag).collect()
}

fn policy_arns(call: &Call) -> Vec<String> {
    let list = call.params.get("PolicyArns").and_then(Value::as_array);
    let arn = |one: &Value| one["arn"].as_str().or_else(|| one["Arn"].as_str()).map(str::to_owned);
    list.into_iter().flatten().filter_map(arn).collect()
}
