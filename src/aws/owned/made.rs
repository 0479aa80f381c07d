//! What a run makes for itself: absent, or there. Owns the value that such settings share, and when two
//! of them agree; what is made, and how it is recognised, is each setting's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    aws::owned::RUN_TAG,
    engine::{AFTER_RUN, CallError, Class},
};

/// Something that a run made. A drill attacks and contains what it made, so release knows it by its
/// id alone, whatever its state is by then; only a thing being created must be as requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Made {
    /// Id or ARN as read back; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// All of it is there as asked for.
    pub complete: bool,
    /// The requested specification; only in a value to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Value>,
}

impl Made {
    pub fn wanted(asked: Value) -> Option<Self> {
        Some(Self { id: None, complete: true, asked: Some(asked) })
    }

    pub fn found(id: impl Into<String>, complete: bool) -> Option<Self> {
        Some(Self { id: Some(id.into()), complete, asked: None })
    }

    /// Its id, or its placeholder in a plan, made unique by `name`.
    pub fn id_of(made: Option<&Self>, name: &str) -> String {
        made.and_then(|made| made.id.clone()).unwrap_or_else(|| open(name))
    }

    pub fn agrees(want: &Option<Self>, have: &Option<Self>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => match (&want.id, &have.id) {
                (Some(want), Some(have)) => want == have,
                _ => have.complete,
            },
            _ => false,
        }
    }

    pub fn halfway(before: &Option<Self>, after: &Option<Self>, now: &Option<Self>) -> bool {
        before.is_none() && after.is_some() && now.as_ref().is_some_and(|now| !now.complete)
    }
}

/// Stands in a plan for something of this name that a run is still to make: whoever reads it waits
/// for the run.
pub(crate) fn open(name: &str) -> String {
    AFTER_RUN.replace(')', &format!(": {name})"))
}

/// The error for a name that is taken by something that the run did not make.
pub(crate) fn not_ours(call: &str, what: &str) -> CallError {
    let text = format!(
        "{what} exists and has no tag `{RUN_TAG}` of this run; choose another name, or remove it"
    );
    CallError::local(call, Class::Invalid, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_made_must_be_complete_and_what_was_made_is_known_by_its_id() {
        let wanted = Made::wanted(json!({ "tags": {} }));
        let (half, whole) = (Made::found("a", false), Made::found("a", true));
        assert!(Made::agrees(&wanted, &whole) && !Made::agrees(&wanted, &half));
        assert!(Made::halfway(&None, &wanted, &half) && !Made::halfway(&None, &wanted, &whole));
        assert!(Made::agrees(&whole, &half), "attacked since, but ours");
        assert!(!Made::agrees(&whole, &Made::found("b", true)));
        assert!(Made::agrees(&None, &None) && !Made::agrees(&None, &half));
        assert_eq!(Made::id_of(wanted.as_ref(), "x"), "(known after run: x)");
    }
}
