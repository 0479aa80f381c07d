//! When a drill may run: days of the week and a time of day in a time zone. Owns the reading of
//! the window and whether a moment is in it.

use std::path::Path;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

/// Days and hours in which a drill may run.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// Days on which the window opens; every day when left out.
    #[serde(default)]
    pub days: Vec<Day>,
    /// When it opens, `HH:MM`.
    pub from: String,
    /// When it closes, `HH:MM`, up to `24:00`; on the next day when it is not after `from`.
    pub to: String,
    /// `UTC`, an offset such as `+01:00`, or a name such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".into()
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

impl Window {
    /// Whether `now` is in the window.
    ///
    /// # Errors
    /// The text of a refusal: the window cannot be read.
    pub fn holds(&self, now: Timestamp) -> Result<bool, String> {
        let (from, to) = (minutes("from", &self.from)?, minutes("to", &self.to)?);
        if from == to {
            return Err(format!("`window` opens and closes at {}", self.from));
        }
        let local = zone(&self.time_zone)?.to_datetime(now);
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let opens = |day: Weekday| {
            self.days.is_empty() || self.days.iter().any(|wanted| wanted.weekday() == day)
        };
        let today = local.weekday();
        Ok(match from < to {
            true => opens(today) && (from..to).contains(&minute),
            false => (opens(today) && minute >= from) || (opens(today.previous()) && minute < to),
        })
    }

    /// The moment in the window's own time, for people.
    pub fn local(&self, now: Timestamp) -> String {
        match zone(&self.time_zone) {
            Ok(zone) => zone.to_datetime(now).strftime("%a %H:%M").to_string(),
            Err(_) => now.to_string(),
        }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for day in &self.days {
            write!(f, "{} ", format!("{day:?}").to_lowercase())?;
        }
        write!(f, "{} to {} {}", self.from, self.to, self.time_zone)
    }
}

fn minutes(name: &str, text: &str) -> Result<i32, String> {
    let bad = || format!("`window.{name}` is `{text}`, which is no time of day, such as `09:00`");
    let (hour, minute) = text.split_once(':').ok_or_else(bad)?;
    let two = |part: &str| match part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) {
        true => part.parse::<i32>().map_err(|_| bad()),
        false => Err(bad()),
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let whole = hour * 60 + minute;
    if minute > 59 || whole > 24 * 60 || (whole == 24 * 60 && name == "from") {
        return Err(bad());
    }
    Ok(whole)
}

/// Names are looked up in this machine's own time zone files; the program carries none.
fn zone(name: &str) -> Result<TimeZone, String> {
    if ["UTC", "Z", "Etc/UTC"].contains(&name) {
        return Ok(TimeZone::UTC);
    }
    let bad = |why: &str| {
        format!("`window.time-zone` is `{name}`, {why}; give `UTC` or an offset such as `+01:00`")
    };
    if let Some(digits) = name.strip_prefix(['+', '-']) {
        let minutes = minutes("time-zone", digits).map_err(|_| bad("which is no offset"))?;
        let sign = if name.starts_with('-') { -1 } else { 1 };
        return jiff::tz::Offset::from_seconds(sign * minutes * 60)
            .map(TimeZone::fixed)
            .map_err(|_| bad("which is no offset"));
    }
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+".contains(&b))
    };
    if !name.split('/').all(part) {
        return Err(bad("which is no name of a time zone"));
    }
    const FOLDERS: [&str; 3] =
        ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/var/db/timezone/zoneinfo"];
    let data = FOLDERS.iter().find_map(|folder| std::fs::read(Path::new(folder).join(name)).ok());
    let data = data.ok_or_else(|| bad("which this machine has no time zone file of"))?;
    TimeZone::tzif(name, &data).map_err(|_| bad("whose time zone file cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[Day], from: &str, to: &str, zone: &str) -> Window {
        let (from, to, time_zone) = (from.into(), to.into(), zone.into());
        Window { days: days.to_vec(), from, to, time_zone }
    }

    fn holds(window: &Window, now: &str) -> bool {
        window.holds(now.parse().expect("a moment")).expect("a window")
    }

    #[test]
    fn hours_of_a_day_open_and_close() {
        // A Tuesday.
        let hours = window(&[Day::Mon, Day::Tue], "09:00", "16:30", "UTC");
        assert!(holds(&hours, "2026-11-24T09:00:00Z"));
        assert!(holds(&hours, "2026-11-24T16:29:59Z"));
        assert!(!holds(&hours, "2026-11-24T16:30:00Z"));
        assert!(!holds(&hours, "2026-11-24T08:59:59Z"));
        assert!(!holds(&hours, "2026-11-25T10:00:00Z"));
        assert!(holds(&window(&[], "00:00", "24:00", "UTC"), "2026-11-25T23:59:00Z"));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let night = window(&[Day::Tue], "22:00", "04:00", "UTC");
        assert!(holds(&night, "2026-11-24T23:00:00Z"));
        assert!(holds(&night, "2026-11-25T03:59:00Z"));
        assert!(!holds(&night, "2026-11-24T03:00:00Z"));
        assert!(!holds(&night, "2026-11-25T22:00:00Z"));
    }

    #[test]
    fn zones_shift_hours_and_days() {
        let hours = |zone| window(&[Day::Tue], "09:00", "10:00", zone);
        assert!(holds(&hours("+01:00"), "2026-11-24T08:30:00Z"));
        assert!(holds(&hours("-05:30"), "2026-11-24T14:30:00Z"));
        let late = window(&[Day::Wed], "00:00", "01:00", "+01:00");
        assert!(holds(&late, "2026-11-24T23:30:00Z"));
        if Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
            assert!(holds(&hours("Europe/Berlin"), "2026-11-24T08:30:00Z"));
            let summer = window(&[], "09:00", "10:00", "Europe/Berlin");
            assert!(holds(&summer, "2026-07-01T07:30:00Z"));
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        for (from, to, zone) in [
            ("9:00", "10:00", "UTC"),
            ("09:00", "24:01", "UTC"),
            ("24:00", "10:00", "UTC"),
            ("09:60", "10:00", "UTC"),
            ("09:00", "09:00", "UTC"),
            ("09:00", "10:00", "+1"),
            ("09:00", "10:00", "../../etc/passwd"),
            ("09:00", "10:00", "/etc/passwd"),
            ("09:00", "10:00", "Middle/Earth"),
        ] {
            assert!(window(&[], from, to, zone).holds(now).is_err(), "{from} {to} {zone}");
        }
    }

    #[test]
    fn it_reads_as_it_is_written() {
        let window = window(&[Day::Mon, Day::Fri], "09:00", "16:00", "UTC");
        assert_eq!(window.to_string(), "mon fri 09:00 to 16:00 UTC");
        assert_eq!(window.local("2026-11-24T09:05:00Z".parse().expect("a moment")), "Tue 09:05");
    }
}
