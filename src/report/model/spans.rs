//! When steps worked: stretches of time and moments, from the journal's lines. Owns where a stretch
//! ends that no record ends, and the path of steps that decided how long the run took.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    drill::score::Scorecard,
    engine::Verdict,
    journal::{Line, Record, WAITING},
};

use super::{Mark, SpanKind, StepRow, Stretch, Timeline, Tone};

/// Stretches and marks; `end` closes what still runs.
pub(super) fn timeline(
    lines: &[Line],
    steps: &[StepRow],
    card: Option<&Scorecard>,
    live: Option<Timestamp>,
) -> Timeline {
    let index = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut fold = Fold { index, ..Fold::default() };
    for line in lines {
        fold.apply(line);
        fold.now = Some(line.time);
    }
    fold.end_all(live);
    let mut timeline = fold.timeline;
    if let Some(card) = card {
        drill_marks(card, &mut timeline.marks);
    }
    timeline.marks.sort_by_key(|mark| mark.at);
    timeline
}

#[derive(Default)]
struct Fold<'a> {
    index: HashMap<&'a str, usize>,
    /// Steps at work: since when, and the last record of each.
    open: HashMap<usize, (Timestamp, Timestamp)>,
    /// Exposed settings: since when.
    exposed: HashMap<(usize, String, String), (u32, Timestamp)>,
    now: Option<Timestamp>,
    releasing: bool,
    timeline: Timeline,
}

impl Fold<'_> {
    fn apply(&mut self, line: &Line) {
        let time = line.time;
        match &line.record {
            Record::Resumed { operator, .. } => {
                self.end_all(None);
                self.mark(time, None, Tone::Quiet, format!("resumed by {operator}"));
            }
            Record::Adopted { by } => {
                self.mark(time, None, Tone::Quiet, format!("taken over by {by}"));
            }
            Record::Interrupted {} => self.mark(time, None, Tone::Care, "interrupted"),
            Record::Aborted { by, reason, .. } => {
                self.end_all(None);
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                let text = format!("aborted by {by}{}", reason.unwrap_or_default());
                self.mark(time, None, Tone::Bad, text);
            }
            Record::ReleaseStarted { by, .. } => {
                self.end_all(None);
                self.releasing = true;
                self.mark(time, None, Tone::Quiet, format!("release by {by}"));
            }
            Record::ReleaseFinished { complete } => {
                let (tone, text) = match complete {
                    true => (Tone::Good, "release complete"),
                    false => (Tone::Care, "release ended, something left"),
                };
                self.mark(time, None, tone, text);
            }
            record => {
                let Some(&step) = record.step().and_then(|id| self.index.get(id)) else { return };
                if !self.releasing {
                    self.of_step(step, time, record);
                }
            }
        }
    }

    fn of_step(&mut self, step: usize, time: Timestamp, record: &Record) {
        match record {
            Record::StepStarted { .. } => {
                self.open.insert(step, (time, time));
            }
            Record::StepFinished { .. } => self.end(step, time, SpanKind::Work),
            Record::StepFailed { word, .. } if word == WAITING => {
                self.end(step, time, SpanKind::Asked);
            }
            Record::StepFailed { .. } => self.end(step, time, SpanKind::Failed),
            Record::Answer { .. } => {
                let from = self.open.get(&step).map_or(time, |(_, last)| *last);
                self.push(step, SpanKind::Asked, from, time);
            }
            Record::Intent { place, until: Some(_), .. } => {
                let key = (step, place.kind.clone(), place.target.clone());
                self.exposed.entry(key).or_insert((place.nth, time));
            }
            Record::Closed { place, .. } => {
                self.closed(step, &place.kind, &place.target, None, time);
            }
            Record::Outcome { place, .. } => {
                self.closed(step, &place.kind, &place.target, Some(place.nth), time);
            }
            Record::Verdict { subject, verdict, .. } => {
                let tone = match verdict {
                    Verdict::Proven => Tone::Good,
                    Verdict::Presumed { .. } => Tone::Care,
                    Verdict::Failed { .. } => Tone::Bad,
                };
                self.mark(time, Some(step), tone, format!("{} {subject}", verdict.word()));
            }
            _ => {}
        }
        if let Some((_, last)) = self.open.get_mut(&step) {
            *last = time;
        }
    }

    /// The exposed state ends with another value of the same setting.
    fn closed(&mut self, step: usize, kind: &str, target: &str, nth: Option<u32>, to: Timestamp) {
        let key = (step, kind.to_owned(), target.to_owned());
        if let Some((opened, from)) = self.exposed.get(&key).copied()
            && nth != Some(opened)
        {
            self.exposed.remove(&key);
            self.push(step, SpanKind::Exposed, from, to);
        }
    }

    fn end(&mut self, step: usize, to: Timestamp, kind: SpanKind) {
        if let Some((from, _)) = self.open.remove(&step) {
            self.push(step, kind, from, to);
        }
    }

    /// The process is gone, or the journal ends here: what is open is taken to have ended with its last record.
    fn end_all(&mut self, live: Option<Timestamp>) {
        let mut open: Vec<_> = self.open.drain().collect();
        open.sort_by_key(|(step, _)| *step);
        for (step, (from, last)) in open {
            self.push(step, SpanKind::Work, from, live.unwrap_or(last));
        }
    }

    fn push(&mut self, step: usize, kind: SpanKind, from: Timestamp, to: Timestamp) {
        self.timeline.stretches.push(Stretch { step, kind, from, to: to.max(from) });
    }

    fn mark(&mut self, at: Timestamp, step: Option<usize>, tone: Tone, text: impl Into<String>) {
        self.timeline.marks.push(Mark { at, step, tone, text: text.into() });
    }
}

fn drill_marks(card: &Scorecard, marks: &mut Vec<Mark>) {
    for one in &card.objectives {
        let Some(clocks) = &one.clocks else { continue };
        let moments = [(clocks.effective, "fault effective for"), (clocks.received, "received")];
        for (at, what) in moments {
            if let Some(at) = at {
                let text = format!("{what} {}", one.name);
                marks.push(Mark { at, step: None, tone: Tone::Quiet, text });
            }
        }
    }
}

/// Sets `started`, `ended` of each step from its stretches, then walks back from the last to end:
/// each time to what ended last among what it waited for.
pub(super) fn critical(steps: &mut [StepRow], timeline: &Timeline) {
    for stretch in &timeline.stretches {
        let step = &mut steps[stretch.step];
        step.started = Some(step.started.map_or(stretch.from, |at| at.min(stretch.from)));
        step.ended = Some(step.ended.map_or(stretch.to, |at| at.max(stretch.to)));
    }
    let mut by_parent: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        by_parent.entry(step.parent.clone()).or_default().push(at);
    }
    let latest = |steps: &[StepRow], of: &[usize]| {
        let ended = of.iter().copied().filter(|at| steps[*at].ended.is_some());
        ended.max_by_key(|at| (steps[*at].ended, std::cmp::Reverse(*at)))
    };
    let all: Vec<usize> = (0..steps.len()).collect();
    let mut next = latest(steps, &all);
    while let Some(at) = next {
        if std::mem::replace(&mut steps[at].critical, true) {
            return;
        }
        let mut before = Vec::new();
        let mut open: Vec<String> = steps[at].needs.iter().map(|need| need.step.clone()).collect();
        while let Some(id) = open.pop() {
            for &one in by_parent.get(&id).into_iter().flatten() {
                if steps[one].ended.is_some() {
                    before.push(one);
                } else {
                    // A skipped step took no time: what it waited for counts.
                    open.extend(steps[one].needs.iter().map(|need| need.step.clone()));
                }
            }
        }
        before.dedup();
        next = latest(steps, &before);
    }
}
