//! Which state a metric alarm has, by its datapoints. Pure: no metric is read and no state is set here.
//!
//! The rules are the tables of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>;
//! the tests below hold every row.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Periods that are read beyond `EvaluationPeriods`: 5 for an alarm of 3 in AWS's examples.
const BEYOND: usize = 2;

/// State of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "ALARM")]
    Alarm,
    #[serde(rename = "INSUFFICIENT_DATA")]
    Insufficient,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::Insufficient => "INSUFFICIENT_DATA",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::Insufficient].into_iter().find(|state| state.name() == name)
    }
}

/// What stands for a datapoint that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl Absent {
    /// `missing` by default. Alarms on `AWS/DynamoDB` always ignore.
    pub(super) fn of(name: &str, namespace: &str) -> Self {
        match name {
            _ if namespace == "AWS/DynamoDB" => Self::Ignore,
            "ignore" => Self::Ignore,
            "breaching" => Self::Breaching,
            "notBreaching" => Self::NotBreaching,
            _ => Self::Missing,
        }
    }
}

/// How a value is held against the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    AtLeast,
    Above,
    Below,
    AtMost,
}

impl Comparison {
    /// `None` for those of anomaly detection bands.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "GreaterThanOrEqualToThreshold" => Some(Self::AtLeast),
            "GreaterThanThreshold" => Some(Self::Above),
            "LessThanThreshold" => Some(Self::Below),
            "LessThanOrEqualToThreshold" => Some(Self::AtMost),
            _ => None,
        }
    }

    pub(super) fn is_breached(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    /// As a `StateReason` puts it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "greater than or equal to",
            Self::Above => "greater than",
            Self::Below => "less than",
            Self::AtMost => "less than or equal to",
        }
    }
}

/// The settings of an alarm that decide its state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    pub comparison: Comparison,
    pub threshold: f64,
    /// N.
    pub periods: usize,
    /// M of N.
    pub to_alarm: usize,
    pub missing: Absent,
}

impl Rule {
    /// How many periods back datapoints are read.
    pub(super) fn range(&self) -> usize {
        self.periods + BEYOND
    }

    pub(super) fn is_breached(&self, value: f64) -> bool {
        self.comparison.is_breached(value, self.threshold)
    }
}

/// One period's value; `at` is the period's beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Datapoint {
    pub at: Timestamp,
    pub value: f64,
    pub samples: Option<f64>,
}

/// What an evaluation came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub state: State,
    /// Real datapoints that decided, oldest first.
    pub used: Vec<Datapoint>,
    /// How many were filled in according to `TreatMissingData`.
    pub filled: usize,
}

/// `range` holds one place a period, oldest first. `None` when the alarm keeps the state it has.
pub(super) fn evaluate(rule: &Rule, range: &[Option<Datapoint>]) -> Option<Verdict> {
    let real: Vec<Datapoint> = range.iter().flatten().copied().collect();
    // Beyond N, older ones stand in only for missing ones.
    let used = real[real.len().saturating_sub(rule.periods)..].to_vec();
    let filled = rule.periods.saturating_sub(used.len());
    let breaching = used.iter().filter(|point| rule.is_breached(point.value)).count();
    let is_reached = |count: usize| if count >= rule.to_alarm { State::Alarm } else { State::Ok };
    let state = match rule.missing {
        _ if filled == 0 => is_reached(breaching),
        Absent::Breaching => is_reached(breaching + filled),
        Absent::NotBreaching => is_reached(breaching),
        Absent::Missing if used.is_empty() => State::Insufficient,
        Absent::Ignore if used.is_empty() => return None,
        _ if breaching >= rule.to_alarm => State::Alarm,
        // A real datapoint within the threshold decides.
        _ if breaching < used.len() => State::Ok,
        Absent::Ignore => return None,
        // All that is there breaches: an alarm, once the oldest is as old as it would take M to come.
        Absent::Missing => {
            let oldest =
                range.iter().position(Option::is_some).map_or(0, |first| range.len() - first);
            is_reached(oldest)
        }
    };
    Some(Verdict { state, used, filled })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0` within, `X` breaching, `-` missing; newest last.
    fn points(row: &str) -> Vec<Option<Datapoint>> {
        let place = |(second, letter)| {
            let value = match letter {
                'X' => 9.0,
                '0' => 1.0,
                _ => return None,
            };
            let at =
                Timestamp::from_second(i64::try_from(second).expect("small")).expect("in range");
            Some(Datapoint { at, value, samples: None })
        };
        row.chars().filter(|c| !c.is_whitespace()).enumerate().map(place).collect()
    }

    fn states(to_alarm: usize, row: &str) -> String {
        let each = [Absent::Missing, Absent::Ignore, Absent::Breaching, Absent::NotBreaching];
        let names = each.map(|missing| {
            let rule = Rule {
                comparison: Comparison::Above,
                threshold: 5.0,
                periods: 3,
                to_alarm,
                missing,
            };
            evaluate(&rule, &points(row)).map_or("retain", |verdict| verdict.state.name())
        });
        names.join(" ")
    }

    #[test]
    fn three_of_three_is_as_awss_table() {
        assert_eq!(states(3, "0 - X - X"), "OK OK OK OK");
        assert_eq!(states(3, "0 - - - -"), "OK OK OK OK");
        assert_eq!(states(3, "- - - - -"), "INSUFFICIENT_DATA retain ALARM OK");
        assert_eq!(states(3, "0 X X - X"), "ALARM ALARM ALARM ALARM");
        assert_eq!(states(3, "- - X - -"), "ALARM retain ALARM OK");
    }

    #[test]
    fn two_of_three_is_as_awss_table() {
        assert_eq!(states(2, "0 - X - X"), "ALARM ALARM ALARM ALARM");
        assert_eq!(states(2, "0 0 X 0 X"), "ALARM ALARM ALARM ALARM");
        assert_eq!(states(2, "0 - X - -"), "OK OK ALARM OK");
        assert_eq!(states(2, "- - - - 0"), "OK OK ALARM OK");
        assert_eq!(states(2, "- - - X -"), "ALARM retain ALARM OK");
    }

    #[test]
    fn an_alarm_does_not_come_early() {
        assert_eq!(states(3, "- - - - X"), "OK retain ALARM OK");
        assert_eq!(states(3, "- - - X -"), "OK retain ALARM OK");
        assert_eq!(states(3, "- - - X 0"), "OK OK OK OK");
        assert_eq!(states(3, "- - X - 0"), "OK OK OK OK");
    }

    #[test]
    fn the_four_comparisons() {
        let holds = |name: &str| {
            let comparison = Comparison::of(name).expect("known");
            [4.0, 5.0, 6.0].map(|value| comparison.is_breached(value, 5.0))
        };
        assert_eq!(holds("GreaterThanOrEqualToThreshold"), [false, true, true]);
        assert_eq!(holds("GreaterThanThreshold"), [false, false, true]);
        assert_eq!(holds("LessThanThreshold"), [true, false, false]);
        assert_eq!(holds("LessThanOrEqualToThreshold"), [true, true, false]);
        assert_eq!(Comparison::of("GreaterThanUpperThreshold"), None);
        assert_eq!(Absent::of("breaching", "AWS/DynamoDB"), Absent::Ignore);
    }
}
