//! The actions that a step can `use`: what an action is, and how it describes itself. Owns the trait, its
//! spec and what it may read and write; the list of actions is `catalogue`, what AWS calls they
//! end in is `aws`.
//!
//! An action is one file: its module doc is its reference page, its struct is its input schema, its
//! one function is what it does. It never calls a mutating AWS API itself: it reads facts, sets
//! settings and starts operations through its [`Step`], which is why planning, resuming and
//! releasing need nothing from it.

pub mod backup;
mod canary;
pub mod catalogue;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod core;
pub mod drill;
pub mod dynamodb;
pub mod ec2;
mod entry;
pub mod fis;
pub mod guardduty;
pub mod iam;
pub(crate) mod kit;
pub mod lambda;
mod naming;
pub mod policy;
pub mod reference;
pub mod s3;
pub mod ssm;
#[cfg(test)]
pub(crate) mod testing;
mod until;
#[cfg(test)]
mod verdict_tests;
mod victim;

use std::future::Future;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use entry::{Entry, entry};

use crate::{
    aws::Aws,
    engine::{Fact, How, Operation, Permission, Reach, Setting, Step, StepError},
    playbook::{Effect, Phase},
};

/// One action; the implementing struct is its inputs (kebab-case names, unknown fields denied).
pub trait Action: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    const SPEC: Spec;
    /// Serialises to an object with kebab-case names; [`Nothing`] when there is none.
    type Output: Serialize + JsonSchema + Send;

    fn run(&self, step: &Step<Aws>)
    -> impl Future<Output = Result<Self::Output, StepError>> + Send;
}

/// An action's description of itself.
#[derive(Debug)]
pub struct Spec {
    /// `service.verb-noun`, unique in the catalogue.
    pub name: &'static str,
    pub summary: &'static str,
    /// The phase of a step that names none.
    pub phase: Phase,
    /// It ends in a verdict.
    pub contains: bool,
    /// Release cannot give back what it does.
    pub irreversible: bool,
    /// It does what it can: what is denied to it costs a part of what it does, and fails no step.
    pub lenient: bool,
    /// What other steps have to reckon with.
    pub effects: &'static [Effect],
    pub access: &'static [Access],
    /// Reference text: the module doc of the action's file.
    pub page: &'static str,
}

/// What an action may read and write, taken from the tables of the facts, settings and operations
/// that it uses, so that a policy cannot fall behind the code.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Such as `ec2.eni-groups`.
    pub kind: &'static str,
    /// Whether it changes or makes something.
    pub reach: Reach,
    pub reads: &'static [Permission],
    pub writes: &'static [Permission],
    /// Of the writes, those that it can do without.
    pub spares: &'static [Permission],
    /// What the belts read of the things that it touches before a write, a table for each class.
    pub lookups: &'static [&'static [Permission]],
    /// What release needs to give back.
    pub releases: &'static [Permission],
    /// What release does; `None` for what it has nothing to do with.
    pub how: Option<How>,
    /// What a drill's release needs to remove what the operation left; `None` for everything else.
    pub discards: Option<&'static [Permission]>,
}

impl Access {
    pub const fn fact<F: Fact<Aws>>() -> Self {
        Self {
            kind: F::KIND,
            reach: Reach::Looks,
            reads: F::READS,
            writes: &[],
            spares: &[],
            lookups: &[],
            releases: &[],
            how: None,
            discards: None,
        }
    }

    /// A fact of which the action uses only the part that `reads` allows.
    pub const fn part<F: Fact<Aws>>(reads: &'static [Permission]) -> Self {
        Self { reads, ..Self::fact::<F>() }
    }

    pub const fn setting<S: Setting<Aws>>() -> Self {
        Self {
            kind: S::KIND,
            reach: S::REACH,
            reads: S::READS,
            writes: S::WRITES,
            spares: S::SPARES,
            lookups: S::LOOKUPS,
            releases: S::RELEASES,
            how: Some(S::RULE.how),
            discards: None,
        }
    }

    /// What an operation leaves is evidence: release keeps it, unless the run is a drill.
    pub const fn operation<O: Operation<Aws>>() -> Self {
        Self {
            kind: O::KIND,
            reach: O::REACH,
            reads: &[],
            writes: O::USES,
            spares: O::SPARES,
            lookups: O::LOOKUPS,
            releases: &[],
            how: None,
            discards: Some(O::DISCARDS),
        }
    }
}

/// The output of an action that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {}

/// The module doc at the head of an action's source, for [`Spec::page`]. Still with its `//!`;
/// [`Spec::text`] has it without.
pub const fn page(source: &'static str) -> &'static str {
    let bytes = source.as_bytes();
    let mut end = 0;
    while end + 2 < bytes.len()
        && bytes[end] == b'/'
        && bytes[end + 1] == b'/'
        && bytes[end + 2] == b'!'
    {
        while end < bytes.len() && bytes[end] != b'\n' {
            end += 1;
        }
        if end < bytes.len() {
            end += 1;
        }
    }
    source.split_at(end).0
}

/// What an action says of itself, in the file that has it: name and summary; the phase of a step that
/// names none, then `verdict` where it ends in one, `irreversible` where release cannot give back what it
/// does and `lenient` where what is denied fails no step; what it uses; its effects. The file's module doc is its page.
///
/// ```text
/// spec! {
///     "s3.block-public-access": "Block all public access to a bucket";
///     Contain, verdict;
///     uses [setting PublicAccessBlock];
/// }
/// ```
#[macro_export]
macro_rules! spec {
    (
        $name:literal: $summary:literal;
        $phase:ident $(, $flag:ident)*;
        $(uses [$($how:ident $($what:ident)::+ $(($part:expr))?),* $(,)?];)?
        $(effects [$($effect:ident),* $(,)?];)?
    ) => {
        $crate::actions::Spec {
            name: $name,
            summary: $summary,
            phase: $crate::playbook::Phase::$phase,
            contains: $crate::actions::has(&[$(stringify!($flag)),*], "verdict"),
            irreversible: $crate::actions::has(&[$(stringify!($flag)),*], "irreversible"),
            lenient: $crate::actions::has(&[$(stringify!($flag)),*], "lenient"),
            effects: &[$($($crate::playbook::Effect::$effect),*)?],
            access: &[$($($crate::actions::Access::$how::<$($what)::+>($($part)?)),*)?],
            page: $crate::actions::page(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", file!()))),
        }
    };
}

/// Whether a flag of [`spec!`] is set. Compares texts where none can be compared otherwise.
///
/// # Panics
/// When a program with an unknown flag is compiled.
pub const fn has(flags: &[&str], wanted: &str) -> bool {
    const fn same(one: &[u8], other: &[u8]) -> bool {
        let mut at = 0;
        while at < one.len() && at < other.len() && one[at] == other[at] {
            at += 1;
        }
        at == one.len() && at == other.len()
    }
    let (mut at, mut found) = (0, false);
    while at < flags.len() {
        let flag = flags[at].as_bytes();
        assert!(
            same(flag, b"verdict") || same(flag, b"irreversible") || same(flag, b"lenient"),
            "a flag of spec! is none of `verdict`, `irreversible` and `lenient`"
        );
        found |= same(flag, wanted.as_bytes());
        at += 1;
    }
    found
}

impl Spec {
    /// The reference text as markdown.
    pub fn text(&self) -> String {
        let lines = self.page.lines().map(|line| {
            let line = line.strip_prefix("//!").unwrap_or(line);
            line.strip_prefix(' ').unwrap_or(line)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn page_is_the_module_doc_alone() {
        assert_eq!(page("//! One.\n//!\n//! Two.\n\nuse x;\n"), "//! One.\n//!\n//! Two.\n");
        assert_eq!(page("use x;\n"), "");
        assert_eq!(page("//! Only"), "//! Only");
    }
}
