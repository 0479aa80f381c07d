//! Datapoints of an alarm's metric, from the upstream's `GetMetricData`. Reads; judges nothing.

use jiff::Timestamp;
use serde_json::json;

use super::alarm::Alarm;
use super::evaluate::Datapoint;
use crate::wire::{Xml, iso};
use crate::{AwsError, Clock, Session};

/// Places of time that datapoints are put into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    /// Second that the first period begins with.
    pub start: i64,
    /// Length of a period: whole seconds, at least one.
    pub period: i64,
    pub places: usize,
}

impl Window {
    /// The last complete periods before `now`. The clock's factor shortens an alarm's periods as it does any wait.
    pub(super) fn before(now: Timestamp, period: u32, places: usize, clock: Clock) -> Self {
        let short = |seconds: f64| ((seconds / clock.factor()).round() as i64).max(1);
        let period = short(f64::from(period));
        // CloudWatch looks at a five-minute alarm every minute: periods end with the last full minute.
        let unit = short(60.0).min(period);
        let end = now.as_second().div_euclid(unit) * unit;
        Self { start: end - period * i64::try_from(places).unwrap_or(1), period, places }
    }

    fn end(&self) -> i64 {
        self.start + self.period * i64::try_from(self.places).unwrap_or(1)
    }

    fn place(&self, at: Timestamp) -> Option<usize> {
        let place = usize::try_from((at.as_second() - self.start).div_euclid(self.period)).ok()?;
        (place < self.places).then_some(place)
    }
}

/// One place a period, oldest first.
pub(super) async fn read(
    session: &Session,
    alarm: &Alarm,
    window: Window,
) -> Result<Vec<Option<Datapoint>>, AwsError> {
    let period = u32::try_from(window.period).unwrap_or(u32::MAX);
    let (queries, wanted) = alarm.queries(period);
    let time = |second: i64| Timestamp::from_second(second).map(iso).unwrap_or_default();
    let params = json!({
        "StartTime": time(window.start),
        "EndTime": time(window.end()),
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": queries,
    });
    let xml = session.query("monitoring", "GetMetricData", params).await?;
    let results = xml.find("MetricDataResults").map(|list| list.all("member")).unwrap_or_default();
    let of = |id: &str| {
        results.iter().find(|result| result.text("Id") == id).map(|x| points(x)).unwrap_or_default()
    };
    let samples = of("samples");
    let mut places = vec![None; window.places];
    for (at, value) in of(&wanted) {
        let Some(place) = window.place(at) else { continue };
        let begin = window.start + window.period * i64::try_from(place).unwrap_or(0);
        let at = Timestamp::from_second(begin).unwrap_or(at);
        let count =
            samples.iter().find(|(when, _)| window.place(*when) == Some(place)).map(|(_, n)| *n);
        places[place] = Some(Datapoint { at, value, samples: count });
    }
    Ok(places)
}

fn points(result: &Xml) -> Vec<(Timestamp, f64)> {
    let (times, values) = (result.all("Timestamps/member"), result.all("Values/member"));
    let pair = |(at, value): (&Xml, &Xml)| Some((at.text.parse().ok()?, value.text.parse().ok()?));
    times.into_iter().zip(values).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(now: &str, period: u32, factor: f64) -> (String, i64) {
        let clock = Clock::times(factor).expect("a factor");
        let window = Window::before(now.parse().expect("a time"), period, 3, clock);
        (iso(Timestamp::from_second(window.start).expect("in range")), window.period)
    }

    #[test]
    fn periods_end_with_the_last_full_minute() {
        let now = "2026-11-24T11:26:05.4Z";
        assert_eq!(window(now, 60, 1.0), ("2026-11-24T11:23:00.000Z".into(), 60));
        assert_eq!(window(now, 300, 1.0), ("2026-11-24T11:11:00.000Z".into(), 300));
        assert_eq!(window(now, 10, 1.0), ("2026-11-24T11:25:30.000Z".into(), 10));
    }

    #[test]
    fn the_clock_shortens_periods_to_a_second_at_least() {
        let now = "2026-11-24T11:26:05.4Z";
        assert_eq!(window(now, 300, 60.0), ("2026-11-24T11:25:50.000Z".into(), 5));
        assert_eq!(window(now, 60, 1000.0), ("2026-11-24T11:26:02.000Z".into(), 1));
    }

    #[test]
    fn a_time_outside_has_no_place() {
        let window = Window { start: 100, period: 10, places: 2 };
        let place = |second| window.place(Timestamp::from_second(second).expect("in range"));
        assert_eq!([place(99), place(100), place(119), place(120)], [None, Some(0), Some(1), None]);
    }
}
