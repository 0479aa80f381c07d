//! What runs touch: classes of things (instance, bucket, trail, ...), how the protecting tag of each is
//! read and with which permissions, and under which limit it counts. Owns the shape; each service has
//! its own classes.

use std::{collections::BTreeMap, fmt};

use futures::future::BoxFuture;

use super::Aws;
use crate::engine::{CallError, Permission};

/// Keeps every run off what has it with the value `true`.
pub const PROTECTED_TAG: &str = "backburn:protected";

pub type Tags = BTreeMap<String, String>;

/// Looks at a thing by its id; `None` when it is not there.
pub type Look = for<'a> fn(&'a Aws, &'a str) -> Looking<'a>;
pub type Looking<'a> = BoxFuture<'a, Result<Option<Looked>, CallError>>;

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
    By {
        permissions: &'static [Permission],
        look: Look,
    },
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
}

impl Counts {
    /// The key in `limits`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Principals => "principals",
            Self::Volumes => "volumes",
            Self::Resources | Self::AsHolder => "resources",
            Self::Accounts => "accounts",
        }
    }
}

/// What a look at a thing found.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    pub tags: Tags,
    /// Of a user or role.
    pub arn: Option<String>,
    /// What it is attached to: who changes this changes that. A Multi-Attach volume has several.
    pub holders: Vec<Thing>,
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
    /// An instance whose volumes are touched too, all that it has then.
    pub with_volumes: bool,
}

impl Class {
    pub fn thing(&'static self, id: impl Into<String>) -> Thing {
        Thing { class: self, id: id.into(), with_volumes: false }
    }

    /// An instance and all volumes that it has when it is looked at.
    pub fn with_volumes(&'static self, id: impl Into<String>) -> Thing {
        Thing { with_volumes: true, ..self.thing(id) }
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

/// The thing that an ARN names, for operations that take one of any service.
pub(super) fn of_arn(arn: &str) -> Thing {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let (service, name) = match parts.as_slice() {
        ["arn", _, service, _, _, name] => (*service, *name),
        _ => return super::backup::things::BACKED_UP.thing(arn),
    };
    match (service, name.split_once('/')) {
        ("ec2", Some(("instance", id))) => super::ec2::things::INSTANCE.with_volumes(id),
        ("ec2", Some((_, id))) => super::ec2::things::by_id(id),
        ("iam", Some(("user", name))) => super::iam::things::USER.thing(last(name)),
        ("iam", Some(("role", name))) => super::iam::things::ROLE.thing(last(name)),
        ("s3", None) => super::s3::things::BUCKET.thing(name),
        ("dynamodb", Some(("table", table))) => super::dynamodb::things::TABLE.thing(table),
        _ => super::backup::things::BACKED_UP.thing(arn),
    }
}

/// A name without the path before it.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_that_is_not_known_is_a_thing_that_nothing_protects_and_that_counts() {
        let of = |arn: &str| of_arn(arn).to_string();
        assert_eq!(of("arn:aws:ec2:us-east-1:111122223333:instance/i-0a"), "instance `i-0a`");
        assert_eq!(of("arn:aws:ec2:us-east-1:111122223333:volume/vol-0a"), "volume `vol-0a`");
        assert_eq!(of("arn:aws:s3:::photos"), "bucket `photos`");
        assert_eq!(of("arn:aws:dynamodb:us-east-1:111122223333:table/t"), "table `t`");
        let database = "arn:aws:rds:us-east-1:111122223333:db:orders";
        assert_eq!(of(database), format!("resource `{database}`"));
        assert!(matches!(of_arn(database).class.tags, TagReader::None(_)));
        assert_eq!(of("(known after run)"), "resource `(known after run)`");
    }
}
