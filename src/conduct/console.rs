//! Whoever started the work: receives messages, watches a run, answers questions, and can stop it. Owns the
//! trait, and what stands for nobody; the terminal is `cli`'s.

use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    engine::{Answer, Event, Question},
    journal::{Hidden, Line, RunDir},
    program::planfile::PlanFile,
    report::Look,
};

/// A run as it stands when this process begins to work on it.
pub struct Watched<'a> {
    /// The directory of the run.
    pub dir: &'a RunDir,
    /// What is done, where it is known.
    pub plan: Option<PlanFile>,
    /// What earlier processes did.
    pub earlier: &'a [Line],
    /// Values that must not be shown.
    pub secrets: Hidden,
}

/// Every method may do nothing. None of them can fail the work: what a console cannot show is lost.
pub trait Console: Send + Sync {
    /// A line for people, beside what the work returns. The caller has hidden sensitive values in it. Whatever
    /// is shown to people leaves by [`crate::text::Ready`], which makes it harmless.
    fn say(&self, _line: &str) {}

    /// Several such lines.
    fn show(&self, text: &str) {
        text.lines().for_each(|line| self.say(line));
    }

    /// A detail, for whoever asks for details.
    fn note(&self, _line: &str) {}

    /// How text for it is drawn.
    fn look(&self) -> Look {
        Look { color: false, width: 100 }
    }

    /// Shows a run until its events end. Called once for each run that is opened.
    fn watch(
        &self,
        _run: Watched<'_>,
        _events: UnboundedReceiver<Event>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Whether somebody can be asked here.
    fn is_interactive(&self) -> bool {
        false
    }

    /// Asks, where [`is_interactive`](Self::is_interactive). It is dropped when an answer comes from
    /// elsewhere first.
    fn ask<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async { Answer::Unreachable("nobody can be asked here".into()) })
    }

    /// A process begins to work on a run: from now on a request to stop must not end it by itself.
    fn listen(&self) {}

    /// Returns when the run is to stop; `false` when nobody can say so. Asked again afterwards; a request
    /// that comes in between counts.
    fn stop(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::pending())
    }

    /// Asked to stop again, and nothing is exposed: a console may end the process here, after these last words.
    /// What is under way is then settled by the next process that works on the run.
    fn stop_at_once(&self, _last: &str) {}
}

/// Says nothing, shows nothing, asks nobody and never stops a run.
pub struct Silent;

impl Console for Silent {}
