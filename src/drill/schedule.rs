//! When a drill is due: cron in UTC. Owns the reading of schedules and the question whether one was
//! missed; the formats of schedulers are `formats`'.

use cronexpr::{Crontab, MakeTimestamp, parse_crontab};
use jiff::Timestamp;

/// A schedule of five fields, in UTC.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub text: String,
    crontab: Crontab,
}

/// # Errors
/// The text is not a cron expression of five fields; the message gives the reason.
pub fn parse(text: &str) -> Result<Schedule, String> {
    let text = text.trim();
    if text.split_whitespace().count() != 5 {
        return Err("it does not have the five fields minute, hour, day, month, weekday".into());
    }
    let crontab = parse_crontab(&format!("{text} UTC")).map_err(|e| {
        let said = e.to_string();
        said.lines().last().unwrap_or("it cannot be read").trim().to_owned()
    })?;
    Ok(Schedule { text: text.to_owned(), crontab })
}

impl Schedule {
    /// The first time after `after`; none when the schedule never comes again.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = MakeTimestamp::from_second(after.as_second()).ok()?;
        let next = self.crontab.find_next(after).ok()?;
        Timestamp::from_second(next.timestamp().as_second()).ok()
    }

    /// Since when the drill is overdue, given its last run; a drill that never ran is overdue since
    /// `now`.
    pub fn overdue(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match last {
            None => Some(now),
            Some(last) => self.next(last).filter(|due| *due <= now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_drill_is_overdue_from_the_first_date_it_missed() {
        let mondays = parse("0 9 * * 1").expect("a schedule");
        let last = at("2026-11-16T09:00:05Z");
        assert_eq!(mondays.overdue(Some(last), at("2026-11-23T08:59:00Z")), None);
        let due = at("2026-11-23T09:00:00Z");
        assert_eq!(mondays.overdue(Some(last), at("2026-11-24T00:00:00Z")), Some(due));
        let now = at("2026-11-24T00:00:00Z");
        assert_eq!(mondays.overdue(None, now), Some(now));
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        for text in ["", "0 9 * *", "0 25 * * *", "every monday at nine ok"] {
            assert!(!parse(text).expect_err(text).is_empty());
        }
    }
}
