//! What must not be shown, shared by all that shows or keeps something; and how a value is kept without it and
//! comes back. Owns the list and its three uses: a text for people, a marker for the engine, and back.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{
    digits::hex,
    marker,
    redact::{forms, redact, redact_bytes, redact_text},
};

/// The texts to hide, the longest first. Clones share one list, which grows while a run works: what an
/// expression makes of a sensitive value is known only when it is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Hidden(Arc<RwLock<Arc<Vec<String>>>>);

impl From<Vec<String>> for Hidden {
    fn from(texts: Vec<String>) -> Self {
        let hidden = Self::default();
        hidden.add(texts);
        hidden
    }
}

impl Hidden {
    /// Hides these texts too, as [`forms`] gives them.
    pub fn add(&self, texts: Vec<String>) {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = |text: &String| text.is_empty() || list.contains(text);
        let mut more: Vec<_> = texts.into_iter().filter(|text| !known(text)).collect();
        if more.is_empty() {
            return;
        }
        more.extend_from_slice(&list);
        // A text that holds another one goes first, or its rest would stay.
        more.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        more.dedup();
        *list = Arc::new(more);
    }

    /// Hides these values too, in every form in which they may show.
    pub fn learn(&self, values: &[String]) {
        let list = self.all();
        if values.iter().any(|value| !list.contains(value)) {
            self.add(forms(values));
        }
    }

    pub fn all(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one of them is in this text.
    pub fn is_in(&self, text: &str) -> bool {
        self.all().iter().any(|one| text.contains(one.as_str()))
    }
}

/// Hides and brings back the values of one run.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    hidden: Hidden,
    /// With it a marker names what it stands for, so that whoever has the value again can put it back.
    key: Option<Arc<str>>,
}

impl From<Vec<String>> for Redactor {
    fn from(texts: Vec<String>) -> Self {
        Self { hidden: texts.into(), key: None }
    }
}

impl Redactor {
    /// `key` is the salt of the run's plan, as digits; without one no marker can be brought back.
    pub fn new(hidden: Hidden, key: Option<&str>) -> Self {
        Self { hidden, key: key.filter(|key| !key.is_empty()).map(Arc::from) }
    }

    pub fn is_idle(&self) -> bool {
        self.hidden.all().is_empty()
    }

    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// A text for people.
    pub fn text(&self, text: String) -> String {
        redact_text(text, &self.hidden.all())
    }

    /// Bytes for people.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        redact_bytes(bytes, &self.hidden.all())
    }

    /// A value for people.
    pub fn show(&self, value: Value) -> Value {
        redact(marker::shown(value), &self.hidden.all())
    }

    /// The value as it is kept on disk, where the engine goes by it.
    pub(super) fn mark(&self, value: Value) -> Value {
        marker::mark(value, &self.hidden.all(), &|text| self.digest(text))
    }

    fn digest(&self, text: &str) -> Option<String> {
        let key = self.key.as_ref()?;
        let mut sum = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        sum.update(b"value\n");
        sum.update(text.as_bytes());
        Some(hex(&sum.finalize().into_bytes()))
    }

    /// A value that was read from the journal, with what is known again. What is not stays marked.
    pub fn reveal(&self, value: Value) -> Value {
        if !marker::is_marked(&value) {
            return value;
        }
        let hidden = self.hidden.all();
        let named = hidden.iter().filter_map(|one| Some((self.digest(one)?, one.clone())));
        marker::revealed(value, &named.collect::<HashMap<_, _>>())
    }

    /// The same for what has to be of its type: a text for people stands where something stays hidden.
    pub fn reveal_or_show(&self, value: Value) -> Value {
        marker::shown(self.reveal(value))
    }

    /// Whether a value of the journal is this one.
    pub fn is_same(&self, kept: &Value, now: &Value) -> bool {
        kept == now
            || marker::is_marked(kept)
                && marker::covers(kept, &marker::received(self.mark(now.clone()), false))
    }
}

/// Whether a value of the journal has something in it that stayed hidden.
pub fn is_marked(value: &Value) -> bool {
    marker::is_marked(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::journal::REDACTED;

    const SECRET: &str = "hunter-2-hunter";

    fn redactor(key: Option<&str>) -> Redactor {
        Redactor::new(forms(&[SECRET.to_owned()]).into(), key)
    }

    fn round(value: &Value, by: &Redactor) -> Value {
        marker::received(by.mark(value.clone()), false)
    }

    #[test]
    fn a_value_comes_back_for_whoever_has_the_secret_and_the_key() {
        let value = json!({ "a": format!("x {SECRET} y"), "b": [1, SECRET], SECRET: true });
        let by = redactor(Some("key"));
        let kept = round(&value, &by);
        assert!(!by.mark(value.clone()).to_string().contains(SECRET));
        assert!(is_marked(&kept));
        assert_eq!(by.reveal(kept.clone()), value);
        assert!(by.is_same(&kept, &value));
        assert!(!by.is_same(&kept, &json!({ "a": "x", "b": [1, SECRET], SECRET: true })));
        for other in [redactor(None), redactor(Some("another")), Redactor::default()] {
            assert!(is_marked(&other.reveal(kept.clone())));
        }
        let shown = by.show(kept);
        assert_eq!(shown[REDACTED], json!(true), "{shown}");
    }

    /// Whoever can set a tag can write any text and, where a value is a mapping, any key.
    #[test]
    fn nothing_from_outside_is_a_marker() {
        let by = redactor(Some("key"));
        let digest = by.digest(SECRET);
        for value in [
            json!("(sensitive)"),
            json!({ "$sensitive": ["", digest, ""] }),
            json!({ "$$sensitive": { "$sensitive": [null] } }),
            json!({ "$sensitive": { "json": ["1"] } }),
        ] {
            let kept = round(&value, &by);
            assert!(!is_marked(&kept), "{value}");
            assert_eq!(kept, value);
            assert_eq!(by.reveal(kept), value);
        }
        let marked = round(&json!(SECRET), &by);
        assert!(!by.is_same(&marked, &json!(REDACTED)));
        assert!(!by.is_same(&json!(REDACTED), &json!(SECRET)));
    }

    #[test]
    fn an_old_journal_has_a_text_there() {
        let by = redactor(Some("key"));
        let kept = marker::received(json!({ "a": "x (sensitive)" }), true);
        assert!(is_marked(&by.reveal(kept.clone())), "nobody knows what it was");
        assert!(by.is_same(&kept, &json!({ "a": format!("x {SECRET}") })));
        assert!(!by.is_same(&kept, &json!({ "a": "x y" })));
        assert_eq!(by.show(kept), json!({ "a": "x (sensitive)" }));
    }

    #[test]
    fn a_marker_that_stays_is_written_as_it_was() {
        let by = redactor(Some("key"));
        let disk = by.mark(json!([SECRET, { "$sensitive": 1 }]));
        assert_eq!(redactor(None).mark(marker::received(disk.clone(), false)), disk);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[$a-c]{0,4}",
            Just("$sensitive".to_owned()),
            Just("$$sensitive".to_owned()),
            Just(REDACTED.to_owned()),
            Just(format!("a{SECRET}")),
            Just(SECRET.to_owned()),
        ];
        let leaf =
            prop_oneof![text.clone().prop_map(Value::from), Just(Value::Null), Just(json!(7))];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            let map = prop::collection::vec((text.clone(), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                map.prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_kept_comes_back_and_shows_nothing(value in anything()) {
            let by = redactor(Some("key"));
            let disk = by.mark(value.clone());
            prop_assert!(!disk.to_string().contains(SECRET));
            let kept = marker::received(disk, false);
            prop_assert_eq!(is_marked(&kept), value.to_string().contains(SECRET));
            prop_assert!(by.is_same(&kept, &value));
            prop_assert!(!by.show(kept.clone()).to_string().contains(SECRET));
            prop_assert_eq!(by.reveal(kept), value);
        }
    }
}
