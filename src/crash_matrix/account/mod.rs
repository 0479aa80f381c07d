//! Everything in an account of the lab that a playbook could touch, read service by service with the
//! readers that the services have: none of the code that runs and releases playbooks is in it. Owns the
//! whole of them, and how two accounts differ.

mod names;
mod unused;

use std::collections::BTreeSet;

use futures::future::try_join_all;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    aws::{
        SERVICES,
        account::{Account, Lens, Reads, Shown, Unread},
    },
    lab::{LabError, front},
};

pub use names::named;

/// Whether a reader sees every effect of this kind of setting or operation.
pub fn covers(kind: &str) -> bool {
    shown(kind).is_some()
}

/// Whether a path is one of the places where an account shows this kind of setting or operation.
pub fn shows(kind: &str, path: &str) -> bool {
    let mut parts = path.splitn(4, " > ");
    let (service, collection) = (parts.next(), parts.next());
    let rest = parts.nth(1).unwrap_or_default();
    let at = |(within, what): &Shown| {
        let below = rest.strip_prefix(what).filter(|_| Some(*within) == collection);
        below.is_some_and(|below| what.is_empty() || below.is_empty() || below.starts_with(" > "))
    };
    shown(kind).is_some_and(|(of, places)| Some(of) == service && places.iter().any(at))
}

/// Whether it is said where an account shows this kind.
pub fn has_places(kind: &str) -> bool {
    shown(kind).is_some_and(|(_, places)| !places.is_empty())
}

/// The service of a kind that is covered, and where its part of an account shows the kind.
fn shown(kind: &str) -> Option<(&'static str, &'static [Shown])> {
    accounts().find_map(|(service, account)| {
        let (_, places) = account.covers.iter().find(|(covered, _)| *covered == kind)?;
        Some((service, *places))
    })
}

fn accounts() -> impl Iterator<Item = (&'static str, &'static Account)> {
    SERVICES.iter().filter_map(|service| Some((service.name, service.account.as_ref()?)))
}

/// Reads one account. Keeps its clients: making them takes longer than a call.
pub struct Reader {
    account: String,
    parts: Vec<(&'static str, &'static Account, Box<dyn Reads>)>,
}

impl Reader {
    /// # Errors
    /// [`LabError::NotLoopback`].
    pub fn of(lens: &Lens) -> Result<Self, LabError> {
        for config in [&lens.upstream, &lens.front] {
            front::check_loopback(config.endpoint_url().unwrap_or("the endpoint of AWS"))?;
        }
        let parts = accounts().map(|(name, account)| (name, account, (account.open)(lens)));
        Ok(Self { account: lens.account.clone(), parts: parts.collect() })
    }

    /// The number of the account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The account by service, canonical: two reads are equal exactly when nothing of it has changed.
    ///
    /// # Errors
    /// [`LabError::Unreadable`] when a call fails.
    pub async fn read(&self) -> Result<Value, LabError> {
        let parts = self.parts.iter().map(|(name, _, reader)| async move {
            match reader.read().await {
                Ok(found) => Ok(((*name).to_owned(), found)),
                Err(Unread::Missing) => Ok(((*name).to_owned(), Value::Null)),
                Err(unread) => Err(self.failed(&unread)),
            }
        });
        let parts = try_join_all(parts).await?;
        Ok(canonical(Value::Object(parts.into_iter().collect::<Map<_, _>>())))
    }

    /// A word for a difference that a release leaves on purpose or cannot give back.
    pub fn kept(&self, difference: &Difference) -> Option<&'static str> {
        let path: Vec<_> = difference.path.split(" > ").collect();
        let (service, rest) = path.split_first()?;
        let (_, account, reader) = self.parts.iter().find(|(name, ..)| name == service)?;
        match rest {
            [collection, _] if difference.wanted.is_null() => account
                .evidence
                .iter()
                .find(|evidence| *evidence == collection)
                .map(|evidence| evidence.trim_end_matches('s')),
            _ => None,
        }
        .or_else(|| reader.kept(rest, &difference.wanted, &difference.found))
    }

    /// Makes the account as `before` again in what a release left, as its owner would, and says so in
    /// `now`. Evidence stays.
    ///
    /// # Errors
    /// [`LabError::Unreadable`] when a call fails.
    pub async fn renew(&self, before: &Value, now: &mut Value) -> Result<(), LabError> {
        for (name, _, reader) in &self.parts {
            let renewed = reader.renew(&before[*name], &mut now[*name]).await;
            renewed.map_err(|unread| self.failed(&unread))?;
        }
        Ok(())
    }

    /// `now` without the evidence that was there `before`.
    pub fn new_since(&self, before: &Value, now: &Value) -> Value {
        let mut now = now.clone();
        for (name, account, _) in &self.parts {
            for evidence in account.evidence {
                let old = before[*name][*evidence].as_object();
                let found = now.get_mut(*name).and_then(|part| part.get_mut(*evidence));
                if let Some(found) = found.and_then(Value::as_object_mut) {
                    found.retain(|id, _| old.is_none_or(|old| !old.contains_key(id)));
                }
            }
        }
        now
    }

    fn failed(&self, unread: &Unread) -> LabError {
        LabError::Unreadable { account: self.account.clone(), why: unread.to_string() }
    }
}

/// One place where two accounts differ; absent on one side is `null` there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub wanted: Value,
    pub found: Value,
}

/// Where `found` is not as `wanted`, by path.
pub fn differences(wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare("", wanted, found, &mut all);
    all
}

fn compare(path: &str, wanted: &Value, found: &Value, all: &mut Vec<Difference>) {
    if let (Value::Object(was), Value::Object(is)) = (wanted, found) {
        for key in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
            let path = if path.is_empty() { key.clone() } else { format!("{path} > {key}") };
            let side = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
            compare(&path, &side(was), &side(is), all);
        }
    } else if wanted != found {
        let (wanted, found) = (wanted.clone(), found.clone());
        all.push(Difference { path: path.into(), wanted, found });
    }
}

/// Lists and keys sorted, so that their order never counts.
pub(super) fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(canonical).collect();
            items.sort_by_key(ToString::to_string);
            items.into()
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(k, v)| (k, canonical(v))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(pairs.into_iter().collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_told_by_path() {
        let was = json!({ "a": { "x": 1, "gone": [1] }, "same": true });
        let is = json!({ "a": { "x": 2, "new": {} }, "same": true });
        let told = differences(&was, &is);
        let paths: Vec<_> = told.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["a > gone", "a > new", "a > x"]);
        assert_eq!((&told[0].found, &told[1].wanted), (&Value::Null, &Value::Null));
        assert!(differences(&was, &was).is_empty());
    }

    #[test]
    fn the_order_of_lists_never_counts() {
        assert_eq!(canonical(json!({ "b": [2, 1], "a": 0 })), json!({ "a": 0, "b": [1, 2] }));
    }
}
