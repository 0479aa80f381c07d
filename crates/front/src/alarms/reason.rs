//! `StateReason` and `StateReasonData` as CloudWatch writes them. Pure text.
//!
//! Wording and members as in the events of
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::alarm::Alarm;
use super::evaluate::{Absent, Datapoint, Rule, State, Verdict};

/// `2026-11-24T11:26:05.399+0000`: CloudWatch's times in messages, events and reason data.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// Why an evaluation came to its state.
pub(super) fn text(rule: &Rule, is_m_of_n: bool, verdict: &Verdict) -> String {
    let Verdict { state, used, filled } = verdict;
    if *state == State::Insufficient {
        let (datapoints, were) = plural(*filled);
        return format!("Insufficient Data: {filled} {datapoints} {were} unknown.");
    }
    let mut parts = Vec::new();
    if used.is_empty() {
        let periods = if *filled == 1 { "period" } else { "periods" };
        parts.push(format!("no datapoints were received for {filled} {periods}"));
    } else {
        parts.push(crossed(rule, is_m_of_n, *state, used));
    }
    let treated = match rule.missing {
        Absent::Breaching => Some("Breaching"),
        Absent::NotBreaching => Some("NonBreaching"),
        Absent::Missing | Absent::Ignore => None,
    };
    if let Some(treated) = treated.filter(|_| *filled > 0) {
        let (datapoints, were) = plural(*filled);
        parts.push(format!("{filled} missing {datapoints} {were} treated as [{treated}]"));
    }
    let text = format!("Threshold Crossed: {}", parts.join(" and "));
    if !is_m_of_n || used.is_empty() {
        return text + ".";
    }
    let (from, needed) = match state {
        State::Alarm => ("OK -> ALARM", rule.to_alarm),
        _ => ("ALARM -> OK", rule.periods + 1 - rule.to_alarm.min(rule.periods)),
    };
    format!("{text} (minimum {needed} {} for {from} transition).", plural(needed).0)
}

fn crossed(rule: &Rule, is_m_of_n: bool, state: State, used: &[Datapoint]) -> String {
    let is_alarm = state == State::Alarm;
    let agrees = |point: &&Datapoint| rule.is_breached(point.value) == is_alarm;
    // Newest first; all that decided, or those that agree with the state where M of N do.
    let named: Vec<&Datapoint> = if used.iter().any(|point| agrees(&point)) {
        used.iter().filter(agrees).rev().collect()
    } else {
        used.iter().rev().collect()
    };
    let (datapoints, were) = plural(named.len());
    let values: Vec<String> = named
        .iter()
        .map(|point| format!("{:?} ({})", point.value, point.at.strftime("%d/%m/%y %H:%M:%S")))
        .collect();
    let count = if is_m_of_n {
        format!("{} out of the last {} datapoints", named.len(), rule.periods)
    } else {
        format!("{} {datapoints}", named.len())
    };
    let not = if named.iter().all(|point| rule.is_breached(point.value)) { "" } else { "not " };
    let (words, threshold) = (rule.comparison.words(), rule.threshold);
    format!("{count} [{}] {were} {not}{words} the threshold ({threshold:?})", values.join(", "))
}

fn plural(count: usize) -> (&'static str, &'static str) {
    if count == 1 { ("datapoint", "was") } else { ("datapoints", "were") }
}

/// `StateReasonData`.
pub(super) fn data(alarm: &Alarm, verdict: &Verdict, at: Timestamp) -> Value {
    let mut data = json!({"version": "1.0", "queryDate": stamp(at)});
    if let Some(first) = verdict.used.first() {
        data["startDate"] = json!(stamp(first.at));
    }
    if alarm.metrics.is_empty() {
        data["statistic"] = json!(alarm.statistic);
    }
    data["period"] = json!(alarm.period);
    data["recentDatapoints"] = verdict.used.iter().map(|point| json!(point.value)).collect();
    data["threshold"] = json!(alarm.threshold);
    if let Some(unit) = &alarm.unit {
        data["unit"] = json!(unit);
    }
    let evaluated = verdict.used.iter().rev().map(|point| {
        let mut one = json!({"timestamp": stamp(point.at)});
        if let Some(samples) = point.samples {
            one["sampleCount"] = json!(samples);
        }
        one["value"] = json!(point.value);
        one
    });
    if !verdict.used.is_empty() {
        data["evaluatedDatapoints"] = evaluated.collect();
    }
    data
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::sample;
    use super::super::evaluate::{Comparison, evaluate};
    use super::*;

    fn reason(missing: Absent, is_m_of_n: bool, values: &[Option<f64>]) -> String {
        let rule = Rule {
            comparison: Comparison::Above,
            threshold: 50.0,
            periods: 1,
            to_alarm: 1,
            missing,
        };
        let start = 1_569_949_140;
        let place = |(n, value): (usize, &Option<f64>)| {
            let at = Timestamp::from_second(start + 60 * i64::try_from(n).ok()?).ok()?;
            Some(Datapoint { at, value: (*value)?, samples: Some(1.0) })
        };
        let range: Vec<_> = values.iter().enumerate().map(place).collect();
        text(&rule, is_m_of_n, &evaluate(&rule, &range).expect("a state"))
    }

    #[test]
    fn the_words_are_awss() {
        assert_eq!(
            reason(Absent::Missing, true, &[Some(99.5)]),
            "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (01/10/19 16:59:00)] was greater than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition)."
        );
        assert_eq!(
            reason(Absent::Missing, false, &[Some(0.25)]),
            "Threshold Crossed: 1 datapoint [0.25 (01/10/19 16:59:00)] was not greater than the threshold (50.0)."
        );
        assert_eq!(
            reason(Absent::Breaching, false, &[None, None, None]),
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching]."
        );
        assert_eq!(
            reason(Absent::Missing, false, &[None]),
            "Insufficient Data: 1 datapoint was unknown."
        );
    }

    #[test]
    fn the_data_name_what_was_evaluated() {
        let at = Timestamp::from_second(1_569_949_140).expect("in range");
        let used = vec![Datapoint { at, value: 1.0, samples: Some(2.0) }];
        let data = data(&sample(), &Verdict { state: State::Ok, used, filled: 1 }, at);
        assert_eq!(
            data.to_string(),
            r#"{"version":"1.0","queryDate":"2019-10-01T16:59:00.000+0000","startDate":"2019-10-01T16:59:00.000+0000","statistic":"Average","period":60,"recentDatapoints":[1.0],"threshold":50.0,"evaluatedDatapoints":[{"timestamp":"2019-10-01T16:59:00.000+0000","sampleCount":2.0,"value":1.0}]}"#
        );
    }
}
