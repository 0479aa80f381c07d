//! How fast the lab's clock runs: AWS's waits shortened by a factor. Timestamps stay real.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// `60x`: what lasts an hour on AWS lasts a minute here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    factor: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { factor: 1.0 }
    }
}

impl Clock {
    /// `None` unless the factor is a number from 1 to 1,000,000.
    pub fn times(factor: f64) -> Option<Self> {
        (1.0..=1e6).contains(&factor).then_some(Self { factor })
    }

    pub fn factor(self) -> f64 {
        self.factor
    }

    /// How long `span` of AWS's time lasts here.
    pub fn shorten(self, span: Duration) -> Duration {
        span.div_f64(self.factor)
    }

    /// Waits for `span` of AWS's time.
    pub async fn sleep(self, span: Duration) {
        tokio::time::sleep(self.shorten(span)).await;
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.factor)
    }
}

impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factor = text.strip_suffix('x').unwrap_or(text).parse().ok();
        factor
            .and_then(Self::times)
            .ok_or_else(|| format!("`{text}` is no clock factor; write a number from 1: `60x`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_at_60x_is_a_minute() {
        let clock: Clock = "60x".parse().expect("a factor");
        assert_eq!(clock.shorten(Duration::from_hours(1)), Duration::from_mins(1));
        assert_eq!(clock.to_string(), "60x");
    }

    #[test]
    fn a_clock_does_not_stand_still_or_slow_down() {
        for bad in ["0x", "0.5", "-1", "inf", "NaN", "x", "", "60y"] {
            assert!(bad.parse::<Clock>().is_err(), "{bad}");
        }
    }
}
