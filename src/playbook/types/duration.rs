//! Spans of time as playbooks write them: `500ms`, `10s`, `1h30m`. Owns the form; waiting is the engine's.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time;

use serde::{Deserialize, Serialize};

use super::{FormError, Format};

/// A duration that keeps its spelling. Ordered and compared by length first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration {
    value: time::Duration,
    text: String,
}

impl Duration {
    pub const FORMAT: Format = Format::Duration;

    /// Checks the form. A placeholder has the length zero.
    pub fn new(text: impl Into<String>) -> Result<Self, FormError> {
        let text = text.into();
        let value = match value_of(&text) {
            Some(value) => value,
            None if super::is_placeholder(&text) => time::Duration::ZERO,
            None => return Err(Format::Duration.refuse(&text)),
        };
        Ok(Self { value, text })
    }

    pub fn as_std(&self) -> time::Duration {
        self.value
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_placeholder(&self) -> bool {
        super::is_placeholder(&self.text)
    }
}

/// `None` unless `text` is numbers with units, largest unit first, at most a hundred years.
pub(super) fn value_of(text: &str) -> Option<time::Duration> {
    const UNITS: [(&str, u64); 5] =
        [("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let (mut rest, mut total, mut last) = (text, 0_u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let (unit, millis) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        if millis >= last {
            return None;
        }
        last = millis;
        total = total.checked_add(number.checked_mul(millis)?)?;
    }
    let hundred_years = 100 * 366 * 86_400_000;
    (!text.is_empty() && total <= hundred_years).then(|| time::Duration::from_millis(total))
}

impl TryFrom<String> for Duration {
    type Error = FormError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl FromStr for Duration {
    type Err = FormError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.text
    }
}

impl AsRef<str> for Duration {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl schemars::JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": Format::Duration.name(),
            "pattern": Format::Duration.pattern(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let millis = |text: &str| value_of(text).map(|value| value.as_millis());
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("1h30m"), Some(5_400_000));
        assert_eq!(millis("1m30s"), Some(90_000));
        for bad in [
            "",
            "5",
            "s",
            "1s1h",
            "1s1s",
            "-1s",
            "1.5h",
            "99999999999999999999s",
            "9999999d",
            "5 m",
            "1ü",
        ] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
