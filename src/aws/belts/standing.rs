//! What a thing is to a run: free to touch, the run's own, not there, or protected. Owns that judgement
//! by what the thing's class reads of it; each thing is looked at once.

use std::collections::HashMap;

use crate::{
    aws::{
        Aws,
        owned::RUN_TAG,
        thing::{Class, Looked, PROTECTED_TAG, TagReader, Tags, Thing},
    },
    engine::CallError,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// With the ARN of a principal.
    Free(Option<String>),
    /// The run made it, or it is not there (yet).
    Own,
    /// Why it must not be touched.
    Protected(String),
    /// Nothing can protect it: why its tags cannot be read.
    Unprotectable(&'static str),
}

/// A thing in its Region; none for what is the same in all Regions.
pub(super) type Key = (String, Thing);

pub(super) fn key(region: &str, thing: &Thing) -> Key {
    let region = if thing.class.global { "" } else { region };
    (region.to_owned(), thing.clone())
}

/// What has been looked at.
#[derive(Default)]
pub(super) struct Seen {
    standings: HashMap<Key, Standing>,
    /// What a thing is attached to.
    holders: HashMap<Key, Thing>,
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
        // A chain is as long as there are classes that hold another.
        for _ in 0..4 {
            let Some(holder) = self.holders.get(&at) else { break };
            last = Some(holder);
            at = (at.0, holder.clone());
        }
        last
    }

    /// None where nobody has looked yet.
    pub(super) fn standing(&self, key: &Key) -> Option<&Standing> {
        self.standings.get(key)
    }

    pub(super) fn learn(&mut self, found: Self) {
        self.standings.extend(found.standings);
        self.holders.extend(found.holders);
    }

    /// Looks at a thing, at what it is attached to, and at what is attached to that.
    ///
    /// # Errors
    /// It cannot be read; a thing that is not there is no error.
    pub(super) async fn look(aws: &Aws, run: &str, key: &Key) -> Result<Self, CallError> {
        let (region, thing) = key;
        let mut seen = Self::default();
        let mut next = Some(thing.clone());
        while let Some(thing) = next.take() {
            let key = (region.clone(), thing.clone());
            let look = match thing.class.tags {
                TagReader::By { look, .. } => look,
                TagReader::None(why) => {
                    seen.standings.insert(key, Standing::Unprotectable(why));
                    break;
                }
            };
            let Some(found) = look(aws, &thing.id).await? else {
                seen.standings.entry(key).or_insert(Standing::Own);
                break;
            };
            next = found.holder.clone();
            seen.take(region, &thing, found, run);
        }
        seen.inherit();
        Ok(seen)
    }

    fn take(&mut self, region: &str, thing: &Thing, found: Looked, run: &str) {
        let key = |thing: &Thing| (region.to_owned(), thing.clone());
        for (part, tags) in found.parts {
            self.standings.insert(key(&part), judged(&part, &tags, None, run));
            self.holders.insert(key(&part), thing.clone());
        }
        // What was attached a moment ago may not be in its holder's own list yet.
        let own = judged(thing, &found.tags, found.arn, run);
        self.standings.entry(key(thing)).or_insert(own);
        if let Some(holder) = found.holder {
            self.holders.insert(key(thing), holder);
        }
    }

    /// What is attached to something protected is protected, and what is attached to the run's own is
    /// the run's own, unless it is protected itself.
    fn inherit(&mut self) {
        let keys: Vec<Key> = self.standings.keys().cloned().collect();
        for key in keys {
            let Some(holder) = self.holder(&key).map(|holder| (key.0.clone(), holder.clone()))
            else {
                continue;
            };
            let inherited = match (self.standings.get(&holder), self.standings.get(&key)) {
                (_, Some(Standing::Protected(_))) => continue,
                (Some(Standing::Protected(why)), _) => {
                    Standing::Protected(format!("{} belongs to it, and {why}", key.1))
                }
                (Some(Standing::Own), _) => Standing::Own,
                _ => continue,
            };
            self.standings.insert(key, inherited);
        }
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
