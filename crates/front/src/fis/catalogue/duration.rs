//! ISO 8601 durations as FIS takes them: `PT1M`, at most 12 hours.

use std::time::Duration;

const LONGEST: Duration = Duration::from_hours(12);

/// `None` if the text is not a duration of hours, minutes and seconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    // jiff also reads `1 hour`, which FIS does not.
    if !text.starts_with("PT") {
        return None;
    }
    Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok()
}

/// # Errors
/// The problem, as the end of a sentence.
pub(crate) fn check(text: &str, from_seconds: u64) -> Result<Duration, String> {
    let from = Duration::from_secs(from_seconds);
    let span = parse(text).ok_or("must be a duration in ISO 8601 format, such as PT1M")?;
    if span < from || span > LONGEST {
        let least = if from_seconds == 1 { "one second" } else { "one minute" };
        return Err(format!("must be a duration from {least} to 12 hours"));
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("PT1M"), Some(Duration::from_mins(1)));
        assert_eq!(parse("PT1H30M5S"), Some(Duration::from_secs(5405)));
        assert_eq!(parse("PT720M"), Some(Duration::from_hours(12)));
        for bad in ["", "P", "PT", "P1D", "1m", "1 hour", "PT-1M", "-PT1M", "T1M", "PT1X"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_have_limits() {
        assert!(check("PT60S", 60).is_ok());
        assert!(check("PT12H", 60).is_ok());
        assert!(check("PT59S", 60).is_err_and(|why| why.contains("one minute")));
        assert!(check("PT1S", 1).is_ok());
        assert!(check("PT12H1S", 1).is_err_and(|why| why.contains("one second")));
    }
}
