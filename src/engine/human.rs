//! Questions to people. Owns the question and the trait that reaches a human; the terminal that
//! asks is `cli`'s.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;

/// What a person is asked before the run continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    pub step: String,
    /// The role that answers, with its contact where the playbook gives one.
    pub role: Option<String>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes {
        by: String,
        reason: String,
        /// When it was given, where that was not now.
        at: Option<Timestamp>,
        /// By which way it came, where that was not the terminal or the command line.
        via: Option<String>,
    },
    No {
        by: String,
        reason: String,
        at: Option<Timestamp>,
        via: Option<String>,
    },
    /// Nobody can be asked from here; the text explains how to answer.
    Unreachable(String),
}

/// Reaches a human.
pub trait Human: Send + Sync {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer>;
}

/// Nobody is there: every question stays open, and the run explains how to continue.
pub struct Nobody;

impl Human for Nobody {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        let how = format!("answer with `--approve {}` on `resume`", question.step);
        Box::pin(async move { Answer::Unreachable(how) })
    }
}
