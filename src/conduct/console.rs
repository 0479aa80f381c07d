//! Whoever started the work: receives messages, watches a run, answers questions, and can stop it. Owns the
//! trait, and what stands for nobody; the terminal is `cli`'s.

use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    engine::{Answer, Event, Question},
    journal::{Line, RunDir},
    program::planfile::PlanFile,
    report::Look,
};

/// A run as it stands when this process begins to work on it.
pub struct Watched<'a> {
    pub dir: &'a RunDir,
    pub plan: Option<PlanFile>,
    /// What earlier processes did.
    pub earlier: &'a [Line],
    /// Values that must not be shown.
    pub secrets: Vec<String>,
}

/// Every method may do nothing. None of them can fail the work: what a console cannot show is lost.
pub trait Console: Send + Sync {
    /// A line for people, beside what the work returns. The caller has hidden sensitive values in it.
    fn say(&self, _line: &str) {}

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

    /// Returns when the run is to stop; `false` when nobody can say so. Asked again afterwards.
    fn stop(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::pending())
    }

    /// Asked to stop a second time: a console may end the process here. What is under way is then
    /// settled by the next process that works on the run.
    fn stop_at_once(&self) {}
}

/// Says nothing, shows nothing, asks nobody and never stops a run.
pub struct Silent;

impl Console for Silent {}
