//! The safety belts of one run in one account: how many distinct things it may touch, and what it must
//! not touch at all. Owns the count and the refusals; asked by the engine before each change and
//! operation ([`World::allows`](crate::engine::World::allows)), so that no action can forget it. What a
//! setting or an operation touches is defined by its kind, and how a thing is looked at by its class.

mod dry_run;
mod judged;
pub mod probe;
mod standing;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Mutex;

pub use super::thing::PROTECTED_TAG;
use super::thing::{Class, Counts, Thing};
use crate::{
    aws::Aws,
    engine::{CallError, Class as ErrorClass, StepError, Touch, World, is_open_text},
};

use standing::{Key, Seen, Standing, key};

/// How many distinct things a run may touch. What it makes itself does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub instances: u64,
    pub principals: u64,
    pub volumes: u64,
    /// Everything that is none of the others: buckets, trails, tables, snapshots, ...
    pub resources: u64,
    /// Other AWS accounts that something is shared with.
    pub accounts: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instances: 1, principals: 1, volumes: 1, resources: 1, accounts: 1 }
    }
}

impl Limits {
    fn of(&self, what: &str) -> u64 {
        match what {
            "instances" => self.instances,
            "principals" => self.principals,
            "volumes" => self.volumes,
            "resources" => self.resources,
            "accounts" => self.accounts,
            // No class counts under another key.
            _ => 0,
        }
    }
}

/// A look at a thing holds so long in a run: an owner may protect it while the run waits for a person.
const AGE: Duration = Duration::from_mins(1);

const KEYS: [Counts; 5] =
    [Counts::Instances, Counts::Principals, Counts::Volumes, Counts::Resources, Counts::Accounts];

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
    /// How long a look at a thing holds in a run.
    age: Duration,
    /// What earlier parts of the run touched, by Region; looked at before anything new.
    earlier: Mutex<Vec<(String, Vec<Thing>)>>,
    looked: Arc<Mutex<Looked>>,
    touched: Mutex<Touched>,
    /// By key in `limits`: the steps that touch something which counts there.
    steps: Mutex<BTreeMap<&'static str, BTreeSet<String>>>,
}

#[derive(Default)]
struct Looked {
    seen: Seen,
    /// What operations of the run made, by its own journal: where its tags were denied, no tag says so.
    made: HashSet<Key>,
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
            age: AGE,
            earlier: Mutex::default(),
            looked: Arc::default(),
            touched: Mutex::default(),
            steps: Mutex::default(),
        }
    }

    /// Belts that count for themselves and share what these look at.
    pub fn scout(&self) -> Self {
        Self { looked: self.looked.clone(), ..Self::new(&self.run, self.limits) }
    }

    /// Counts what earlier parts of the run touched, each with the Region of its call.
    #[must_use]
    pub fn after(mut self, earlier: impl IntoIterator<Item = (String, Vec<Thing>)>) -> Self {
        let earlier = earlier.into_iter().map(|(region, things)| (region, known(&things)));
        *self.earlier.get_mut() = earlier.filter(|(_, things)| !things.is_empty()).collect();
        self
    }

    /// The same of what earlier parts of the run made, each with its Region.
    #[must_use]
    pub fn with_made(mut self, made: impl IntoIterator<Item = (String, Vec<Thing>)>) -> Self {
        let mut looked = Looked::default();
        for (region, things) in made {
            looked.made.extend(things.iter().map(|thing| key(&region, thing)));
        }
        self.looked = Arc::new(Mutex::new(looked));
        self
    }

    /// What the run itself made does not count, though no tag of it says so. A tag that protects it holds all the same.
    pub async fn made(&self, region: &str, things: &[Thing]) {
        self.looked.lock().await.made.extend(things.iter().map(|thing| key(region, thing)));
    }

    pub async fn counts(&self) -> Vec<Count> {
        let touched = self.touched.lock().await;
        KEYS.map(Counts::key)
            .into_iter()
            .map(|what| Count { what, limit: self.limits.of(what), touched: names(&touched, what) })
            .collect()
    }

    /// The steps that touch something which counts under this key in `limits`.
    pub async fn touching(&self, what: &str) -> Vec<String> {
        self.steps.lock().await.get(what).into_iter().flatten().cloned().collect()
    }

    /// How many things were looked at for the tag that protects.
    pub async fn looked_at(&self) -> usize {
        self.looked.lock().await.seen.len()
    }

    /// ARNs of the users and roles that were touched.
    pub async fn principals(&self) -> Vec<(&'static Class, String)> {
        self.looked.lock().await.seen.arns()
    }

    /// What was looked at and nothing can protect, each with the reason.
    pub async fn unprotectable(&self) -> Vec<String> {
        self.looked.lock().await.seen.unprotectable()
    }

    pub(super) async fn allows(
        &self,
        aws: &Aws,
        touch: &Touch<'_, Thing>,
    ) -> Result<(), StepError> {
        let things = known(touch.things);
        if things.is_empty() {
            return Ok(());
        }
        let mut earlier = self.earlier.lock().await;
        while let Some((region, things)) = earlier.last() {
            let aws = aws.in_region(region);
            self.look(&aws, things, self.age).await?;
            let counted = self.looked.lock().await.counted(region, things, true);
            let mut touched = self.touched.lock().await;
            for (what, key, _) in counted {
                touched.entry(what).or_default().insert(key);
            }
            earlier.pop();
        }
        drop(earlier);
        let longest = if touch.planning { Duration::MAX } else { self.age };
        self.look(aws, &things, longest).await?;
        let counted = self.looked.lock().await.counted(&aws.scope().region, &things, false);
        if let Some(why) = counted.iter().find_map(|(_, _, protected)| protected.as_ref()) {
            return Err(StepError::Refused(format!(
                "{why}, which protects it from every run; remove the tag first if it must be touched anyway"
            )));
        }
        let mut touched = self.touched.lock().await;
        for (what, key, _) in counted {
            self.steps.lock().await.entry(what).or_default().insert(touch.step.to_owned());
            if touched.get(what).is_some_and(|seen| seen.contains(&key)) {
                continue;
            }
            let have = touched.get(what).map_or(0, BTreeSet::len) as u64;
            // A plan shows everything that would be touched, and refuses all steps that share in it:
            // which of the things are meant is not for the program to choose.
            if !touch.planning && have >= self.limits.of(what) {
                return Err(StepError::Refused(over(
                    &Count { what, limit: self.limits.of(what), touched: names(&touched, what) },
                    Some(&key.1),
                )));
            }
            touched.entry(what).or_default().insert(key);
        }
        Ok(())
    }

    /// Looks at what nobody has looked at yet.
    async fn look(&self, aws: &Aws, things: &[Thing], longest: Duration) -> Result<(), StepError> {
        for thing in things {
            let key = key(&aws.scope().region, thing);
            let turn = {
                let mut looked = self.looked.lock().await;
                if looked.seen.is_fresh(&key, longest) {
                    continue;
                }
                looked.turns.entry(key.clone()).or_default().clone()
            };
            let _turn = turn.lock().await;
            if !self.looked.lock().await.seen.is_fresh(&key, longest) {
                let found = Seen::look(aws, &self.run, &key).await.map_err(|e| unseen(thing, e))?;
                self.looked.lock().await.seen.learn(found);
            }
        }
        Ok(())
    }
}

/// Without what only the run brings: it is the run's own, or it is asked about when it is known. In a
/// fixed order, each once.
fn known(things: &[Thing]) -> Vec<Thing> {
    let known: BTreeSet<_> = things.iter().filter(|thing| !is_open_text(&thing.id)).collect();
    known.into_iter().cloned().collect()
}

/// A thing that may not be looked at is not touched: nobody knows whether it is protected.
fn unseen(thing: &Thing, error: CallError) -> StepError {
    match error.class {
        ErrorClass::Denied | ErrorClass::Missing => StepError::Refused(format!(
            "whether {thing} is protected by the tag `{PROTECTED_TAG}` cannot be seen, so it is not touched: {error}"
        )),
        _ => error.into(),
    }
}

/// Key in `limits`, Region and id, and why it is protected.
type Counted = (&'static str, (String, String), Option<String>);

fn names(touched: &Touched, what: &str) -> Vec<String> {
    touched.get(what).into_iter().flatten().map(|(_, id)| id.clone()).collect()
}

impl Looked {
    fn counted(&self, region: &str, things: &[Thing], earlier: bool) -> Vec<Counted> {
        let others: Vec<_> = things
            .iter()
            .filter(|thing| {
                let key = key(region, thing);
                let free = matches!(self.seen.standing(&key), Some(Standing::Free(_)));
                !(free && self.made.contains(&key))
            })
            .cloned()
            .collect();
        self.seen.counted(region, &others, earlier)
    }
}

impl Seen {
    /// What of the things, which were looked at, counts. What an earlier part of the run touched and is
    /// not there any more counts all the same: nobody can say that it was the run's own.
    fn counted(&self, region: &str, things: &[Thing], earlier: bool) -> Vec<Counted> {
        let mut found = Vec::new();
        let mut all = things.to_vec();
        for thing in things.iter().filter(|thing| thing.with_volumes) {
            all.extend(self.volumes(&key(region, thing)));
        }
        for thing in &all {
            let key = key(region, thing);
            let protected = match self.standing(&key) {
                Some(Standing::Absent) if earlier => None,
                None | Some(Standing::Own | Standing::Absent) => continue,
                Some(Standing::Free(_) | Standing::Unprotectable(_)) => None,
                Some(Standing::Protected(why)) => Some(why.clone()),
            };
            let gone = self.standing(&key) == Some(&Standing::Absent);
            let (what, id) = match (thing.class.counts, self.holder(&key)) {
                (Counts::AsHolder, Some(holder)) => (holder.class.counts, &holder.id),
                // Its instance is not known any more.
                (Counts::AsHolder, None) if gone => (Counts::Instances, &thing.id),
                (counts, _) => (counts, &thing.id),
            };
            found.push((what.key(), (key.0, id.clone()), protected));
        }
        found
    }
}

/// The exceeded limits, in words; `next` is what would be added.
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
pub(in crate::aws) mod registry_tests;
#[cfg(test)]
mod tests;
