//! The safety belts of one run in one account: how many distinct instances, principals and volumes it
//! may touch, and what it must not touch at all. Owns the count and the refusals; asked by the engine
//! before each change and operation ([`World::allows`](crate::engine::World::allows)), so that no
//! action can forget it.

mod dry_run;
pub mod probe;
mod standing;
mod touches;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    aws::Aws,
    engine::{StepError, Touch, World},
};

use standing::{Key, Seen, Standing};
pub use standing::{PROTECTED_TAG, reads};
use touches::things;
pub use touches::{Class, Thing};

/// How many distinct things a run may touch. What it makes itself does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub instances: u64,
    pub principals: u64,
    pub volumes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instances: 1, principals: 1, volumes: 1 }
    }
}

/// One limit and what was touched of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The key in `limits`.
    pub what: &'static str,
    pub limit: u64,
    pub touched: Vec<String>,
}

/// Asked by every clone of one [`Aws`], in all Regions.
pub struct Belts {
    run: String,
    limits: Limits,
    /// What earlier parts of the run touched, by Region; looked at before anything new.
    earlier: Mutex<Vec<(String, Vec<Thing>)>>,
    looked: Arc<Mutex<Looked>>,
    touched: Mutex<Touched>,
}

#[derive(Default)]
struct Looked {
    seen: Seen,
    /// Held while a thing is looked at: once for all who ask, and without keeping up who asks for others.
    turns: HashMap<Key, Arc<Mutex<()>>>,
}

/// By key in `limits`: Region and id.
type Touched = BTreeMap<&'static str, BTreeSet<(String, String)>>;

impl Belts {
    pub fn new(run: &str, limits: Limits) -> Self {
        Self {
            run: run.into(),
            limits,
            earlier: Mutex::default(),
            looked: Arc::default(),
            touched: Mutex::default(),
        }
    }

    /// Belts that count for themselves and share what these look at.
    pub fn scout(&self) -> Self {
        Self { looked: self.looked.clone(), ..Self::new(&self.run, self.limits) }
    }

    /// Counts what earlier parts of the run touched: the Region of each change and operation, its
    /// kind, itself as journaled, and the value before.
    #[must_use]
    pub fn after<'a>(
        mut self,
        earlier: impl IntoIterator<Item = (&'a str, &'a str, &'a Value, &'a Value)>,
    ) -> Self {
        let earlier = earlier
            .into_iter()
            .map(|(region, kind, what, before)| (region.to_owned(), things(kind, what, before)));
        *self.earlier.get_mut() = earlier.filter(|(_, things)| !things.is_empty()).collect();
        self
    }

    pub async fn counts(&self) -> Vec<Count> {
        let touched = self.touched.lock().await;
        ["instances", "principals", "volumes"]
            .into_iter()
            .map(|what| Count { what, limit: self.limit(what), touched: names(&touched, what) })
            .collect()
    }

    /// How many things were looked at for the tag that protects.
    pub async fn looked_at(&self) -> usize {
        self.looked.lock().await.seen.len()
    }

    /// ARNs of the users and roles that were touched.
    pub async fn principals(&self) -> Vec<(Class, String)> {
        self.looked.lock().await.seen.arns()
    }

    fn limit(&self, what: &str) -> u64 {
        match what {
            "instances" => self.limits.instances,
            "principals" => self.limits.principals,
            _ => self.limits.volumes,
        }
    }

    pub(super) async fn allows(&self, aws: &Aws, touch: &Touch<'_>) -> Result<(), StepError> {
        let things = things(&touch.place.kind, touch.what, touch.before);
        if things.is_empty() {
            return Ok(());
        }
        let mut earlier = self.earlier.lock().await;
        while let Some((region, things)) = earlier.last() {
            let aws = aws.in_region(region);
            self.look(&aws, things).await?;
            let counted = self.looked.lock().await.seen.counted(region, things);
            let mut touched = self.touched.lock().await;
            for (what, key, _) in counted {
                touched.entry(what).or_default().insert(key);
            }
            earlier.pop();
        }
        drop(earlier);
        self.look(aws, &things).await?;
        let counted = self.looked.lock().await.seen.counted(&aws.scope().region, &things);
        if let Some(why) = counted.iter().find_map(|(_, _, protected)| protected.as_ref()) {
            return Err(StepError::Refused(format!(
                "{why}, which keeps every run off it; take the tag away first if it has to be touched all the same"
            )));
        }
        let mut touched = self.touched.lock().await;
        for (what, key, _) in counted {
            if touched.get(what).is_some_and(|seen| seen.contains(&key)) {
                continue;
            }
            let have = touched.get(what).map_or(0, BTreeSet::len) as u64;
            // A plan shows everything that would be touched, and is refused as a whole.
            if !touch.planning && have >= self.limit(what) {
                return Err(StepError::Refused(over(
                    &Count { what, limit: self.limit(what), touched: names(&touched, what) },
                    Some(&key.1),
                )));
            }
            touched.entry(what).or_default().insert(key);
        }
        Ok(())
    }

    /// Looks at what nobody has looked at yet.
    async fn look(&self, aws: &Aws, things: &[Thing]) -> Result<(), StepError> {
        for thing in things {
            let key = key(&aws.scope().region, thing);
            let turn = {
                let mut looked = self.looked.lock().await;
                if looked.seen.standing(&key).is_some() {
                    continue;
                }
                looked.turns.entry(key.clone()).or_default().clone()
            };
            let _turn = turn.lock().await;
            if self.looked.lock().await.seen.standing(&key).is_none() {
                let found = Seen::look(aws, &self.run, &key).await?;
                self.looked.lock().await.seen.learn(found);
            }
        }
        Ok(())
    }
}

fn key(region: &str, thing: &Thing) -> Key {
    match thing.class {
        Class::User | Class::Role => (String::new(), thing.clone()),
        _ => (region.to_owned(), thing.clone()),
    }
}

/// Key in `limits`, Region and id, and why it is protected.
type Counted = (&'static str, (String, String), Option<String>);

fn names(touched: &Touched, what: &str) -> Vec<String> {
    touched.get(what).into_iter().flatten().map(|(_, id)| id.clone()).collect()
}

impl Seen {
    /// What of the things, which were looked at, counts.
    fn counted(&self, region: &str, things: &[Thing]) -> Vec<Counted> {
        let mut found = Vec::new();
        for thing in things {
            let key = key(region, thing);
            let protected = match self.standing(&key) {
                None | Some(Standing::Own) => continue,
                Some(Standing::Free(_)) => None,
                Some(Standing::Protected(why)) => Some(why.clone()),
            };
            // Who changes an interface changes its instance.
            let counts = match thing.class {
                Class::Interface => self.holder(&key).cloned(),
                _ => Some(thing.clone()),
            };
            let what = match thing.class {
                Class::Instance | Class::Interface => "instances",
                Class::Volume => "volumes",
                Class::User | Class::Role => "principals",
            };
            if let Some(thing) = counts {
                found.push((what, (key.0, thing.id), protected));
            } else if let Some(why) = protected {
                found.push((what, (key.0, thing.id.clone()), Some(why)));
            }
        }
        found
    }
}

/// What is over its limit, in words; `next` is what would come on top.
pub fn over(count: &Count, next: Option<&str>) -> String {
    let Count { what, limit, touched } = count;
    let list =
        |ids: &[String]| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let have = match (next, touched.is_empty()) {
        (Some(next), true) => format!("this would touch `{next}`"),
        (Some(next), false) => format!("this would touch `{next}` on top of {}", list(touched)),
        (None, _) => format!("this would touch {} {what}: {}", touched.len(), list(touched)),
    };
    let needed = touched.len() + usize::from(next.is_some());
    format!(
        "{have}, and the playbook allows {limit} {what}; if that is meant, raise it there: `limits: {{ {what}: {needed} }}`"
    )
}

#[cfg(test)]
mod tests;
