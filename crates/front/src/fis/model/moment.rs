//! A time that is stored and answered in the form that `wire` renders.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::wire;

/// Exact to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub Timestamp);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Timestamp::now())
    }

    pub(crate) fn after(self, span: std::time::Duration) -> Self {
        Self(self.0.checked_add(span).unwrap_or(Timestamp::MAX))
    }

    /// How long from now; zero when it has passed.
    pub(crate) fn left(self) -> std::time::Duration {
        let left = self.0.duration_since(Timestamp::now());
        std::time::Duration::try_from(left).unwrap_or_default()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::time(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tagged = std::collections::BTreeMap::<String, i64>::deserialize(deserializer)?;
        let milliseconds =
            tagged.into_values().next().ok_or_else(|| D::Error::custom("no time"))?;
        Timestamp::from_millisecond(milliseconds).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_store() {
        let at = Moment(Timestamp::from_millisecond(1_767_323_045_678).expect("in range"));
        let value = serde_json::to_value(at).expect("JSON");
        assert_eq!(value, wire::time(at.0));
        assert_eq!(serde_json::from_value::<Moment>(value).expect("read"), at);
        assert_eq!(at.after(std::time::Duration::from_secs(1)).left(), std::time::Duration::ZERO);
    }
}
