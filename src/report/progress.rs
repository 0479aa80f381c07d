//! Live progress on stderr: a line a running step on a terminal, plain lines with the time elsewhere.
//! Owns what each event says; a lost terminal loses nothing but the view.

use std::{
    collections::HashMap,
    io::Write,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    engine::{Event, Verdict},
    journal::redact_text,
};

use super::look::{self, BAD, BOLD, CARE, DIM, GOOD, Look, NAME};

/// Follows a run until its events end.
pub struct Follower {
    task: JoinHandle<()>,
    bars: Option<MultiProgress>,
}

/// `bars` draws on a terminal; else lines are written.
pub fn follow(
    mut events: mpsc::UnboundedReceiver<Event>,
    look: Look,
    bars: bool,
    secrets: Vec<String>,
) -> Follower {
    let multi = bars.then(MultiProgress::new);
    let mut view =
        View { look, secrets, bars: multi.clone(), running: HashMap::new(), start: Instant::now() };
    let task = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            view.show(&event);
        }
    });
    Follower { task, bars: multi }
}

impl Follower {
    /// Waits until every event has been shown; the sender must be gone.
    pub async fn finish(self) {
        // A view that broke must not keep the run from ending.
        let _ = self.task.await;
        if let Some(bars) = self.bars {
            let _ = bars.clear();
        }
    }
}

struct View {
    look: Look,
    secrets: Vec<String>,
    bars: Option<MultiProgress>,
    running: HashMap<String, (Option<ProgressBar>, Instant)>,
    start: Instant,
}

impl View {
    fn show(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step, .. } => {
                let bar = self.bars.as_ref().map(|bars| {
                    let bar = bars.add(ProgressBar::new_spinner());
                    if let Ok(style) =
                        ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {elapsed}")
                    {
                        bar.set_style(style);
                    }
                    bar.set_prefix(step.clone());
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bar
                });
                self.running.insert(step.clone(), (bar, Instant::now()));
            }
            Event::StepFinished { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepSkipped { step, .. } => {
                if let Some((Some(bar), _)) = self.running.remove(step) {
                    bar.finish_and_clear();
                }
            }
            Event::Asking { .. } => self.hide(true),
            Event::Answered { .. } => self.hide(false),
            _ => {}
        }
        if let Some((step, text)) = brief(event)
            && let Some((Some(bar), _)) = self.running.get(step)
        {
            bar.set_message(redact_text(text, &self.secrets));
        }
        if let Some(line) = line(event, &self.look) {
            self.print(&line);
        }
    }

    fn hide(&self, hidden: bool) {
        use indicatif::ProgressDrawTarget;
        if let Some(bars) = &self.bars {
            bars.set_draw_target(if hidden {
                ProgressDrawTarget::hidden()
            } else {
                ProgressDrawTarget::stderr()
            });
        }
    }

    fn print(&self, line: &str) {
        let at = format!("{:>7.1}", self.start.elapsed().as_secs_f64());
        let line = redact_text(line.to_owned(), &self.secrets);
        let mut line = format!("{} {line}", self.look.paint(DIM, &at));
        if self.bars.is_some() {
            line = look::wrap(&line, "        ", self.look.width + 8)[8..].to_owned();
        }
        let written = match &self.bars {
            Some(bars) if !bars.is_hidden() => bars.println(&line),
            _ => writeln!(std::io::stderr(), "{line}"),
        };
        // A closed terminal is not the run's concern.
        let _ = written;
    }
}

/// What a running step's bar says.
fn brief(event: &Event) -> Option<(&str, String)> {
    match event {
        Event::Changed { step, place, .. } => Some((step, format!("{place} set"))),
        Event::OperationStarted { step, place, .. } => Some((step, format!("{place} started"))),
        Event::OperationProgress { step, place, percent, note } => {
            let percent = percent.map(|p| format!("{p} % ")).unwrap_or_default();
            Some((step, format!("{place} {percent}{}", look::clean(note))))
        }
        Event::Waiting { step, why, time } => {
            Some((step, format!("waits {}: {why}", look::time(*time))))
        }
        Event::Paced { step, calls, waiting } => {
            Some((step, format!("paced: {calls}, {waiting} waiting")))
        }
        _ => None,
    }
}

/// The line that stays of an event.
pub fn line(event: &Event, look: &Look) -> Option<String> {
    let name = |step: &str| look.paint(NAME, step);
    let room = look.width.saturating_sub(20).max(40);
    Some(match event {
        Event::StepStarted { step, attempt: 1 } => format!("{} started", name(step)),
        Event::StepStarted { step, attempt } => format!("{} attempt {attempt}", name(step)),
        Event::StepReplayed { step } => format!("{} was done before", name(step)),
        Event::StepExpanded { step, items } => format!("{} fans out over {items}", name(step)),
        Event::StepSkipped { step, why } => format!("{} skipped: {why}", name(step)),
        Event::StepBlocked { step, by } => {
            format!(
                "{} {}",
                name(step),
                look.paint(BAD, &format!("not run: `{by}` did not finish"))
            )
        }
        Event::StepFinished { step, took } => {
            format!("{} {} in {}", name(step), look.paint(GOOD, "done"), look::time(*took))
        }
        Event::StepFailed { step, error, again_in, .. } => {
            let again = match again_in {
                Some(time) => format!("; tried again in {}", look::time(*time)),
                None => String::new(),
            };
            format!("{} {} {}{again}", name(step), look.paint(BAD, "failed:"), look::clean(error))
        }
        Event::Changed { step, place, before, after } => format!(
            "{} {place}: {} -> {}",
            name(step),
            look::value(before, room / 2),
            look::value(after, room / 2)
        ),
        Event::AlreadySo { step, place } => format!("{} {place} already is so", name(step)),
        Event::OperationStarted { step, place, job } => {
            format!("{} {place} started: {}", name(step), look::shorten(job, room))
        }
        Event::OperationEnded { step, place } => format!("{} {place} completed", name(step)),
        Event::OperationProgress { .. } => return None,
        Event::Waiting { step, why, time } => {
            format!("{} waits {}: {why}", name(step), look::time(*time))
        }
        Event::Paced { step, calls, waiting } => {
            let text = format!("paced: {calls}, {waiting} waiting for AWS's rate");
            format!("{} {}", name(step), look.paint(DIM, &text))
        }
        Event::Verdict { step, subject, verdict } => {
            verdict_line(&name(step), subject, verdict, look)
        }
        Event::Evidence { step, file, sha256 } => {
            format!("{} keeps {file} (sha256 {})", name(step), look::shorten(sha256, 13))
        }
        Event::Note { step, text } => {
            format!("{} {} {}", name(step), look.paint(CARE, "note:"), look::clean(text))
        }
        Event::Asking { .. } | Event::Answered { .. } => return None,
        Event::Closed { step, place } => {
            format!("{} {} {place}", name(step), look.paint(CARE, "closed an exposed state:"))
        }
        // The summary says it of every change.
        Event::Released { .. } => return None,
        Event::Stopping => look.paint(
            CARE,
            "stopping: running calls finish, nothing new starts; again to leave at once",
        ),
        Event::Finished { .. } => return None,
    })
}

fn verdict_line(name: &str, subject: &str, verdict: &Verdict, look: &Look) -> String {
    let reason = verdict.reason().map(|r| format!(": {}", look::clean(r))).unwrap_or_default();
    format!("{name} {} {subject}{reason}", look.paint(BOLD, &look.verdict(verdict)))
}
