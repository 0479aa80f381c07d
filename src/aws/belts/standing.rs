//! What a thing is to a run: free to touch, the run's own, not there, or protected. Owns that judgement
//! by what the thing's class reads of it; each thing is looked at once.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use crate::{
    aws::{
        Aws,
        owned::RUN_TAG,
        thing::{Class, Counts, Looked, PROTECTED_TAG, TagReader, Tags, Thing},
    },
    engine::CallError,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// With the ARN of a principal.
    Free(Option<String>),
    /// The run made it.
    Own,
    /// It is not there (yet), or not seen from here. Asked again each time, and never inherited.
    Absent,
    /// Why it must not be touched.
    Protected(String),
    /// Nothing can protect it: why its tags cannot be read.
    Unprotectable(&'static str),
}

/// As long as there are classes that hold another.
const CHAIN: usize = 4;

/// A thing in its Region; none for what is the same in all Regions.
pub(super) type Key = (String, Thing);

pub(super) fn key(region: &str, thing: &Thing) -> Key {
    let region = if thing.class.global { "" } else { region };
    (region.to_owned(), thing.clone())
}

impl Standing {
    /// Of two judgements of one thing the stronger holds: `DescribeTags` may lag behind.
    fn strength(&self) -> u8 {
        match self {
            Self::Protected(_) => 3,
            Self::Free(_) | Self::Unprotectable(_) => 2,
            Self::Own => 1,
            Self::Absent => 0,
        }
    }
}

/// What has been looked at.
#[derive(Default)]
pub(super) struct Seen {
    standings: HashMap<Key, Standing>,
    /// When each was looked at.
    times: HashMap<Key, Instant>,
    /// What a thing is attached to.
    holders: HashMap<Key, Vec<Thing>>,
}

impl Seen {
    pub(super) fn len(&self) -> usize {
        self.standings.len()
    }

    pub(super) fn arns(&self) -> Vec<(&'static Class, String)> {
        let arns = self.standings.iter().filter_map(|((_, thing), standing)| match standing {
            Standing::Free(Some(arn)) => Some((thing.class, arn.clone())),
            _ => None,
        });
        arns.collect()
    }

    /// The things that nothing can protect, each with the reason.
    pub(super) fn unprotectable(&self) -> Vec<String> {
        let all = self.standings.iter().filter_map(|((_, thing), standing)| match standing {
            Standing::Unprotectable(why) => Some(format!("{thing}: {why}")),
            _ => None,
        });
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }

    /// The thing that a change of this one changes in the end: the instance of an interface.
    pub(super) fn holder(&self, key: &Key) -> Option<&Thing> {
        let mut last = None;
        let mut at = key.clone();
        for _ in 0..CHAIN {
            let Some(holder) = self.holders.get(&at).and_then(|all| all.first()) else { break };
            last = Some(holder);
            at = (at.0, holder.clone());
        }
        last
    }

    /// None where nobody has looked yet.
    pub(super) fn standing(&self, key: &Key) -> Option<&Standing> {
        self.standings.get(key)
    }

    /// Whether a thing was found and looked at no longer ago than `longest`.
    pub(super) fn is_fresh(&self, key: &Key, longest: Duration) -> bool {
        let found = self.standing(key).is_some_and(|standing| *standing != Standing::Absent);
        found && self.times.get(key).is_some_and(|at| at.elapsed() <= longest)
    }

    pub(super) fn learn(&mut self, found: Self) {
        for (key, standing) in found.standings {
            self.times.insert(key.clone(), Instant::now());
            self.judge(key, standing);
        }
        for (key, holders) in found.holders {
            let known = self.holders.entry(key).or_default();
            known
                .extend(holders.into_iter().filter(|one| !known.contains(one)).collect::<Vec<_>>());
        }
    }

    fn judge(&mut self, key: Key, standing: Standing) {
        let known = self.standings.get(&key).map_or(0, Standing::strength);
        if standing.strength() >= known {
            self.standings.insert(key, standing);
        }
    }

    /// The volumes of an instance, as far as they were looked at with it.
    pub(super) fn volumes(&self, key: &Key) -> Vec<Thing> {
        let parts = self.holders.iter().filter(|((region, part), holders)| {
            *region == key.0 && holders.contains(&key.1) && part.class.counts == Counts::Volumes
        });
        let mut volumes: Vec<_> = parts.map(|((_, part), _)| part.clone()).collect();
        volumes.sort();
        volumes
    }

    /// Looks at a thing, at what it is attached to, and at what is attached to that.
    ///
    /// # Errors
    /// It cannot be read; a thing that is not there is no error.
    pub(super) async fn look(aws: &Aws, run: &str, key: &Key) -> Result<Self, CallError> {
        let (region, thing) = key;
        let mut seen = Self::default();
        let mut next = vec![thing.clone()];
        let mut looked = HashSet::new();
        while let Some(thing) = next.pop() {
            // What a tag calls its holder may call it the same: nobody is looked at twice.
            if !looked.insert(thing.clone()) {
                continue;
            }
            let key = (region.clone(), thing.clone());
            let look = match thing.class.tags {
                TagReader::By { look, .. } => look,
                TagReader::None(why) => {
                    seen.standings.insert(key, Standing::Unprotectable(why));
                    continue;
                }
            };
            let Some(found) = look(aws, &thing.id).await? else {
                seen.judge(key, Standing::Absent);
                continue;
            };
            next.extend(found.holders.iter().cloned());
            seen.take(region, &thing, found, run);
        }
        seen.inherit();
        Ok(seen)
    }

    fn take(&mut self, region: &str, thing: &Thing, found: Looked, run: &str) {
        let key = |thing: &Thing| (region.to_owned(), thing.clone());
        for (part, tags) in found.parts {
            self.judge(key(&part), judged(&part, &tags, None, run));
            let holders = self.holders.entry(key(&part)).or_default();
            if !holders.contains(thing) {
                holders.push(thing.clone());
            }
        }
        // What was attached a moment ago may not be in its holder's own list yet.
        let own = judged(thing, &found.tags, found.arn, run);
        self.judge(key(thing), own);
        if !found.holders.is_empty() {
            self.holders.insert(key(thing), found.holders);
        }
    }

    /// What is attached to something protected is protected. An interface or an address of the run's own
    /// instance is the run's own; a volume is only by its own tag, for anybody can attach one.
    fn inherit(&mut self) {
        let keys: Vec<Key> = self.standings.keys().cloned().collect();
        for key in keys {
            if matches!(self.standings.get(&key), Some(Standing::Protected(_))) {
                continue;
            }
            let holders = self.all_holders(&key);
            let of = |holder: &Thing| self.standings.get(&(key.0.clone(), holder.clone()));
            let protected = holders.iter().find_map(|holder| match of(holder) {
                Some(Standing::Protected(why)) => Some(why.clone()),
                _ => None,
            });
            let last = holders.last().filter(|_| key.1.class.counts == Counts::AsHolder);
            if let Some(why) = protected {
                let why = format!("{} belongs to it, and {why}", key.1);
                self.standings.insert(key, Standing::Protected(why));
            } else if last.is_some_and(|last| of(last) == Some(&Standing::Own)) {
                self.standings.insert(key, Standing::Own);
            }
        }
    }

    /// What a thing is attached to, directly and through another.
    fn all_holders(&self, key: &Key) -> Vec<Thing> {
        let mut all = Vec::new();
        let mut level = vec![key.1.clone()];
        for _ in 0..CHAIN {
            let next = level.into_iter().filter_map(|one| self.holders.get(&(key.0.clone(), one)));
            level = next.flatten().cloned().collect();
            all.extend(level.iter().cloned());
        }
        all
    }
}

fn judged(thing: &Thing, tags: &Tags, arn: Option<String>, run: &str) -> Standing {
    let protected = tags.get(PROTECTED_TAG).filter(|value| value.eq_ignore_ascii_case("true"));
    if let Some(value) = protected {
        Standing::Protected(format!("{thing} has the tag `{PROTECTED_TAG}={value}`"))
    } else if tags.get(RUN_TAG).is_some_and(|value| value == run) {
        Standing::Own
    } else {
        Standing::Free(arn)
    }
}
