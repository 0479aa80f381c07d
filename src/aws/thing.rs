//! What runs touch: classes of things (instance, bucket, trail, ...), how the protecting tag of each is
//! read and with which permissions, and under which limit it counts. Owns the shape; each service has
//! its own classes.

use std::{collections::BTreeMap, fmt};

use futures::future::BoxFuture;

use super::Aws;
use crate::engine::{CallError, Permission};

pub type Tags = BTreeMap<String, String>;

/// Looks at a thing by its id; `None` when it is not there.
pub type Look = for<'a> fn(&'a Aws, &'a str) -> BoxFuture<'a, Result<Option<Looked>, CallError>>;

/// One class of things.
pub struct Class {
    /// As people read it: `bucket`.
    pub name: &'static str,
    pub counts: Counts,
    /// The same in all Regions: it is counted once, whichever Region a call goes to.
    pub global: bool,
    pub tags: TagReader,
}

/// How the tags of a class are read.
pub enum TagReader {
    By { permissions: &'static [Permission], look: Look },
    /// AWS keeps no tags of it, or none that can be read from here: it counts, nothing can protect it,
    /// and the plan says so, with the reason.
    None(&'static str),
}

/// The key in `limits` that a thing counts under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    Instances,
    Principals,
    Volumes,
    /// All that is none of the others.
    Resources,
    Accounts,
    /// As what it is attached to; by itself a resource.
    AsHolder,
    /// Only with other things that its setting names.
    Never,
}

impl Counts {
    /// The key in `limits`.
    pub fn key(self) -> Option<&'static str> {
        Some(match self {
            Self::Instances => "instances",
            Self::Principals => "principals",
            Self::Volumes => "volumes",
            Self::Resources | Self::AsHolder => "resources",
            Self::Accounts => "accounts",
            Self::Never => return None,
        })
    }
}

/// What a look at a thing found.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    pub tags: Tags,
    /// Of a user or role.
    pub arn: Option<String>,
    /// The thing that it is attached to: who changes this changes that.
    pub holder: Option<Thing>,
    /// What is attached to it, with its tags: protected with it.
    pub parts: Vec<(Thing, Tags)>,
}

impl Looked {
    pub fn tagged(tags: Tags) -> Self {
        Self { tags, ..Self::default() }
    }
}

/// One thing that a run may touch.
#[derive(Clone)]
pub struct Thing {
    pub class: &'static Class,
    pub id: String,
}

impl Class {
    pub fn thing(&'static self, id: impl Into<String>) -> Thing {
        Thing { class: self, id: id.into() }
    }

    /// What looking at one needs.
    pub const fn permissions(&self) -> &'static [Permission] {
        match self.tags {
            TagReader::By { permissions, .. } => permissions,
            TagReader::None(_) => &[],
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.class.name, self.id)
    }
}

impl fmt::Debug for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// By name and id: a class has a name of its own.
impl Thing {
    fn key(&self) -> (&str, &str) {
        (self.class.name, &self.id)
    }
}

impl PartialEq for Thing {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Thing {}

impl PartialOrd for Thing {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Thing {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl std::hash::Hash for Thing {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
