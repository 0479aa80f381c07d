//! What is known of a request beside principal, action and resource: its condition keys.
//!
//! A key has a value, is absent, or is unknown. A caller that knows the whole request uses [`Context::complete`], and
//! every key that it does not give is absent; one that does not uses [`Context::partial`], and says of each key that
//! it knows to be absent that it is ([`Context::without`]).

use std::collections::BTreeMap;

/// The value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a key with one value.
    One(String),
    /// Of a key with any number of values, `ArrayOf...` in the Service Authorization Reference.
    Many(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::One(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::One(text)
    }
}

impl From<bool> for Value {
    fn from(holds: bool) -> Self {
        Self::One(holds.to_string())
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Many(texts)
    }
}

/// The condition keys of a request. Names of keys do not depend on case.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// By lower-case name; `None` is absent.
    keys: BTreeMap<String, Option<Value>>,
    /// Lower-case beginnings of names of which nothing is left to tell.
    told: Vec<String>,
    partial: bool,
}

pub(crate) enum Look<'a> {
    Value(&'a Value),
    Absent,
    Unknown,
}

impl Context {
    /// A context in which what is not given is absent.
    pub fn complete() -> Self {
        Self::default()
    }

    /// A context in which what is not given is unknown.
    pub fn partial() -> Self {
        Self { partial: true, ..Self::default() }
    }

    /// Gives a key a value. A value given before is replaced.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(key.to_lowercase(), Some(value.into()));
        self
    }

    /// Says that the request does not have a key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.keys.insert(key.to_lowercase(), None);
        self
    }

    /// Says that the request has no further keys whose names begin so: `aws:RequestTag/` of a request whose tags were
    /// all given.
    #[must_use]
    pub fn without_others(mut self, beginning: &str) -> Self {
        self.told.push(beginning.to_lowercase());
        self
    }

    /// Whether what is not given is unknown.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Whether anything was said of a key.
    pub fn tells(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        !self.partial || self.keys.contains_key(&key) || self.has_told(&key)
    }

    fn has_told(&self, key: &str) -> bool {
        self.told.iter().any(|beginning| key.starts_with(beginning.as_str()))
    }

    pub(crate) fn look(&self, key: &str) -> Look<'_> {
        let key = key.to_lowercase();
        match self.keys.get(&key) {
            Some(Some(value)) => Look::Value(value),
            Some(None) => Look::Absent,
            None if self.partial && !self.has_told(&key) => Look::Unknown,
            None => Look::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_by_its_beginning_is_absent() {
        let context =
            Context::partial().with("aws:RequestTag/team", "red").without_others("aws:RequestTag/");
        assert!(matches!(context.look("aws:requesttag/Team"), Look::Value(_)));
        assert!(matches!(context.look("aws:RequestTag/owner"), Look::Absent));
        assert!(matches!(context.look("aws:ResourceTag/owner"), Look::Unknown));
        assert!(context.tells("aws:RequestTag/owner") && !context.tells("aws:ResourceTag/owner"));
    }
}
