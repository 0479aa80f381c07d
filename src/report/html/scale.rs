//! Time to place on a drawing. Long stretches in which nothing happened (a run that was resumed the
//! next day) take a fixed width, so that what did happen can be seen.

use jiff::Timestamp;

/// Pixels that a cut-out stretch keeps.
const CUT: f64 = 26.0;

pub(super) struct Scale {
    /// From, to in seconds since the start; place of the beginning; whether it is cut.
    parts: Vec<Part>,
    start: Timestamp,
    per_second: f64,
}

pub(super) struct Part {
    pub from: f64,
    pub to: f64,
    pub x: f64,
    pub cut: bool,
}

impl Scale {
    /// Of the stretches in which something happened, to the places `left..right`.
    pub(super) fn of(
        busy: impl Iterator<Item = (Timestamp, Timestamp)>,
        left: f64,
        right: f64,
    ) -> Option<Self> {
        let mut busy: Vec<_> = busy.collect();
        busy.sort();
        let start = busy.first()?.0;
        let since = |at: Timestamp| at.duration_since(start).as_secs_f64();
        let mut merged: Vec<(f64, f64)> = Vec::new();
        for (from, to) in busy.iter().map(|(from, to)| (since(*from), since(*to))) {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        let active: f64 = merged.iter().map(|(from, to)| to - from).sum();
        let most = (active * 0.2).max(30.0);
        let mut spans: Vec<(f64, f64, bool)> = Vec::new();
        for (from, to) in merged {
            let end = spans.last().map_or(0.0, |last| last.1);
            if from - end > most {
                spans.push((end, from, true));
                spans.push((from, to, false));
            } else if let Some(last) = spans.last_mut() {
                last.1 = to;
            } else {
                spans.push((from, to, false));
            }
        }
        let cuts = spans.iter().filter(|(_, _, cut)| *cut).count() as f64;
        let shown: f64 = spans.iter().filter(|span| !span.2).map(|(from, to, _)| to - from).sum();
        let per_second = (right - left - cuts * CUT).max(1.0) / shown.max(0.001);
        let mut x = left;
        let mut parts = Vec::new();
        for (from, to, cut) in spans {
            parts.push(Part { from, to, x, cut });
            x += if cut { CUT } else { (to - from) * per_second };
        }
        Some(Self { parts, start, per_second })
    }

    pub(super) fn x(&self, at: Timestamp) -> f64 {
        self.place(at.duration_since(self.start).as_secs_f64())
    }

    fn place(&self, since: f64) -> f64 {
        let part = self.parts.iter().rev().find(|part| since >= part.from).or(self.parts.first());
        let Some(part) = part else { return 0.0 };
        let inside = (since - part.from).clamp(0.0, part.to - part.from);
        let rate = if part.cut { CUT / (part.to - part.from) } else { self.per_second };
        part.x + inside * rate
    }

    /// The stretches that were cut out: place, and how long each was.
    pub(super) fn cuts(&self) -> impl Iterator<Item = (f64, f64)> {
        self.parts.iter().filter(|part| part.cut).map(|part| (part.x, part.to - part.from))
    }

    pub(super) const CUT: f64 = CUT;

    /// Places for labels, with the seconds since the start, some 90 pixels apart.
    pub(super) fn ticks(&self) -> Vec<(f64, f64)> {
        const STEPS: &[f64] = &[
            0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
            1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0,
        ];
        let wanted = 90.0 / self.per_second;
        let step = STEPS.iter().copied().find(|step| *step >= wanted).unwrap_or(wanted);
        let mut ticks: Vec<(f64, f64)> = Vec::new();
        for part in self.parts.iter().filter(|part| !part.cut) {
            let mut at = (part.from / step).ceil() * step;
            while at <= part.to {
                let x = self.place(at);
                if ticks.last().is_none_or(|(last, _)| x - last > 50.0) {
                    ticks.push((x, at));
                }
                at += step;
            }
        }
        ticks
    }
}

/// `0`, `0.5 s`, `45 s`, `3:20`, `2:03:20`.
pub(super) fn since(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds == 0.0 => "0".into(),
        _ if seconds < 60.0 && seconds.fract().abs() > 0.01 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    #[test]
    fn a_night_between_two_parts_takes_little_room() {
        let busy = [(at(0), at(100)), (at(50), at(200)), (at(40_000), at(40_200))];
        let scale = Scale::of(busy.into_iter(), 0.0, 826.0).expect("a scale");
        assert_eq!(scale.cuts().collect::<Vec<_>>(), [(400.0, 39_800.0)]);
        let places =
            [0, 100, 200, 40_000, 40_200, 50_000].map(|second| scale.x(at(second)).round());
        assert_eq!(places, [0.0, 200.0, 400.0, 426.0, 826.0, 826.0]);
        assert!(scale.ticks().windows(2).all(|pair| pair[1].0 - pair[0].0 > 50.0));
    }

    #[test]
    fn a_moment_has_a_scale() {
        let scale = Scale::of([(at(5), at(5))].into_iter(), 10.0, 100.0).expect("a scale");
        assert_eq!(scale.x(at(5)), 10.0);
        assert!(Scale::of(std::iter::empty(), 0.0, 1.0).is_none());
    }
}
