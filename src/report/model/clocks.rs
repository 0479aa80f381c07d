//! Deadlines for notifying authorities. Owns which there are and how they are counted; whether an
//! incident must be reported at all is for lawyers.

use jiff::{SignedDuration, Timestamp, civil::Date, civil::Weekday, tz::TimeZone};

use super::Clock;

/// A regulation by the name that `--clocks` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Regulation (EU) 2016/679, Article 33.
    Gdpr,
    /// Directive (EU) 2022/2555, Article 23(4).
    Nis2,
    /// Regulation (EU) 2022/2554, Article 19; Delegated Regulation (EU) 2025/301, Article 5.
    Dora,
    /// Form 8-K, Item 1.05.
    Sec,
}

/// Every law with its name.
pub const LAWS: &[(&str, Law)] =
    &[("gdpr", Law::Gdpr), ("nis2", Law::Nis2), ("dora", Law::Dora), ("sec", Law::Sec)];

impl std::str::FromStr for Law {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        LAWS.iter().find(|(known, _)| *known == name.trim()).map(|(_, law)| *law).ok_or_else(|| {
            let names: Vec<_> = LAWS.iter().map(|(name, _)| *name).collect();
            format!("there is no clock `{name}`; they are {}", names.join(", "))
        })
    }
}

const GDPR: &str = "https://eur-lex.europa.eu/eli/reg/2016/679/oj";
const NIS2: &str = "https://eur-lex.europa.eu/eli/dir/2022/2555/oj";
const DORA: &str = "https://eur-lex.europa.eu/eli/reg_del/2025/301/oj";
const SEC: &str = "https://www.sec.gov/files/form8-k.pdf";

impl Law {
    /// Its deadlines, counted from `t0`.
    pub fn clocks(self, t0: Timestamp) -> Vec<Clock> {
        let hours =
            |law: &str, hours: i64, duty: &str, from: &str, article: &str, url: &str| Clock {
                law: law.into(),
                duty: duty.into(),
                from: from.into(),
                due: t0.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(t0),
                day: false,
                article: article.into(),
                url: url.into(),
            };
        let aware = "becoming aware";
        match self {
            Self::Gdpr => vec![hours(
                "GDPR",
                72,
                "notify the supervisory authority of a personal data breach",
                aware,
                "Art. 33(1)",
                GDPR,
            )],
            Self::Nis2 => vec![
                hours(
                    "NIS2",
                    24,
                    "early warning to the CSIRT or authority",
                    aware,
                    "Art. 23(4)(a)",
                    NIS2,
                ),
                hours("NIS2", 72, "incident notification", aware, "Art. 23(4)(b)", NIS2),
            ],
            Self::Dora => vec![
                hours(
                    "DORA",
                    4,
                    "initial notification, and not later than 24 h after becoming aware",
                    "classifying the incident as major",
                    "Art. 19; RTS 2025/301 Art. 5",
                    DORA,
                ),
                hours(
                    "DORA",
                    24,
                    "initial notification at the latest",
                    aware,
                    "Art. 19; RTS 2025/301 Art. 5",
                    DORA,
                ),
            ],
            Self::Sec => vec![Clock {
                law: "SEC".into(),
                duty: "Form 8-K, Item 1.05, four business days".into(),
                from: "determining that the incident is material".into(),
                due: business_days(t0, 4),
                day: true,
                article: "Form 8-K, Item 1.05 and General Instruction B.1".into(),
                url: SEC.into(),
            }],
        }
    }
}

/// The start of the n-th US business day after `t0`. The date is that of standard Eastern time,
/// which is never later than the true one: the deadline errs towards early.
fn business_days(t0: Timestamp, count: u8) -> Timestamp {
    let eastern = t0.saturating_sub(SignedDuration::from_hours(5)).unwrap_or(t0);
    let mut day = TimeZone::UTC.to_datetime(eastern).date();
    let mut left = count;
    while left > 0 {
        let Ok(next) = day.tomorrow() else { return t0 };
        day = next;
        if is_business(day) {
            left -= 1;
        }
    }
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(t0)
}

fn is_business(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day)
}

/// Federal holidays of the United States as they are observed, 5 U.S.C. 6103.
fn is_holiday(day: Date) -> bool {
    let fixed = |day: Date| {
        matches!((day.month(), day.day()), (1, 1) | (6, 19) | (7, 4) | (11, 11) | (12, 25))
    };
    let observed = match day.weekday() {
        Weekday::Friday => day.tomorrow().is_ok_and(fixed),
        Weekday::Monday => day.yesterday().is_ok_and(fixed),
        _ => false,
    };
    let nth = (day.day() - 1) / 7 + 1;
    let last = day.day() + 7 > day.days_in_month();
    let moving = match (day.month(), day.weekday()) {
        (1 | 2, Weekday::Monday) => nth == 3,
        (5, Weekday::Monday) => last,
        (9, Weekday::Monday) => nth == 1,
        (10, Weekday::Monday) => nth == 2,
        (11, Weekday::Thursday) => nth == 4,
        _ => false,
    };
    fixed(day) || observed || moving
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(law: &str, t0: &str) -> Vec<String> {
        let law: Law = law.parse().expect("a law");
        let clocks = law.clocks(t0.parse().expect("a time"));
        clocks.iter().map(|clock| clock.due.to_string()).collect()
    }

    #[test]
    fn hours_count_through_nights_and_weekends() {
        let t0 = "2026-11-27T22:00:00Z";
        assert_eq!(due("gdpr", t0), ["2026-11-30T22:00:00Z"]);
        assert_eq!(due("nis2", t0), ["2026-11-28T22:00:00Z", "2026-11-30T22:00:00Z"]);
        assert_eq!(due("dora", t0), ["2026-11-28T02:00:00Z", "2026-11-28T22:00:00Z"]);
    }

    #[test]
    fn business_days_skip_weekends_and_holidays() {
        // Tuesday; Thursday is Thanksgiving.
        assert_eq!(due("sec", "2026-11-24T15:00:00Z"), ["2026-12-01T00:00:00Z"]);
        // Still Monday in New York.
        assert_eq!(due("sec", "2026-11-24T03:00:00Z"), ["2026-11-30T00:00:00Z"]);
        // Independence Day 2026 is a Saturday, observed on Friday.
        assert_eq!(due("sec", "2026-07-01T15:00:00Z"), ["2026-07-08T00:00:00Z"]);
        let holidays = [(2026, 1, 19), (2026, 5, 25), (2026, 9, 7), (2026, 10, 12), (2027, 6, 18)];
        for (year, month, day) in holidays {
            assert!(is_holiday(Date::constant(year, month, day)), "{year}-{month}-{day}");
        }
        assert!(!is_holiday(Date::constant(2026, 5, 18)));
    }

    #[test]
    fn an_unknown_clock_lists_the_known_ones() {
        let error = "gpdr".parse::<Law>().expect_err("unknown");
        assert_eq!(error, "there is no clock `gpdr`; they are gdpr, nis2, dora, sec");
    }
}
