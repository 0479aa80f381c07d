//! Questions to people. Owns the question, what identifies it, and the trait that reaches a human; who may answer
//! and the terminal that asks are `conduct`'s and `cli`'s.

#![warn(missing_docs)]

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::journal::{Place, Who, hash};

/// What a person is asked before the run continues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Id of the step, with its item where it has several.
    pub step: String,
    /// The role that answers, with its contact where the playbook gives one.
    pub role: Option<String>,
    /// What is asked, for people.
    pub text: String,
    /// Who may answer, beside the role.
    pub rule: Approvers,
    /// What an answer is bound to; filled in when it is asked. An answer with another id is to another question.
    pub id: String,
}

/// Who may answer, beside the role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approvers {
    /// Nobody who started or resumed the run.
    #[serde(default)]
    pub not_by_operator: bool,
    /// Only callers of AWS that one of these names; anybody where there is none.
    #[serde(default)]
    pub one_of: Vec<String>,
}

impl Approvers {
    /// Whether it excludes nobody.
    pub fn is_open(&self) -> bool {
        !self.not_by_operator && self.one_of.is_empty()
    }

    /// As it follows the name of the role in a plan.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        if self.not_by_operator {
            words.push_str(", not by the run's operator");
        }
        if !self.one_of.is_empty() {
            words.push_str(", as ");
            words.push_str(&self.one_of.join(" or "));
        }
        words
    }
}

impl Question {
    /// Of a step, to its owner, who may be anybody.
    pub fn new(step: &str, text: String) -> Self {
        Self { step: step.into(), text, ..Self::default() }
    }

    /// With its id: the hash of what is shown, and of the run, step, item, place and attempt that it is for. `failures`
    /// are the attempts of the step that failed so far: a run that was stopped, or that waits, is resumed with the
    /// same question, and a new attempt asks another.
    pub(crate) fn identified(mut self, run: &str, place: &Place, failures: u32) -> Self {
        let Self { step, role, text, rule, .. } = &self;
        self.id =
            hash(json!([run, step, place, failures, role, text, rule]).to_string().as_bytes());
        self
    }
}

/// What somebody said, and who that was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// As they call themselves.
    pub by: String,
    /// What AWS and the system say of them.
    pub who: Who,
    /// Why, in their words.
    pub reason: String,
    /// When it was given, where that was not now.
    pub at: Option<Timestamp>,
    /// By which way it came, such as `terminal`.
    pub via: Option<String>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may be done.
    Yes(Reply),
    /// It must not be done.
    No(Reply),
    /// Nobody can be asked from here; the text explains how to answer.
    Unreachable(String),
}

/// Reaches a human.
pub trait Human: Send + Sync {
    /// Waits for an answer, for as long as it takes. Never takes one that was given before the question.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer>;

    /// Its answer is in the journal: the question no longer waits.
    fn settled(&self, _question: &Question) {}
}

/// Nobody is there: every question stays open, and the run explains how to continue.
pub struct Nobody;

impl Human for Nobody {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        let how = format!("answer with `backburn approve` for `{}`", question.step);
        Box::pin(async move { Answer::Unreachable(how) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_of_one_run_step_place_attempt_and_wording() {
        let place = |nth| Place { kind: "core.answer".into(), target: "stop it?".into(), nth };
        let asks = |step: &str, text: &str| Question::new(step, text.into());
        let first = asks("stop", "stop it?").identified("RUN", &place(0), 0);
        assert_eq!(first, asks("stop", "stop it?").identified("RUN", &place(0), 0), "asked again");
        let strict = Approvers { not_by_operator: true, one_of: Vec::new() };
        let others = [
            asks("stop", "stop it?").identified("OTHER", &place(0), 0),
            asks("stop[1]", "stop it?").identified("RUN", &place(0), 0),
            asks("stop", "stop it?").identified("RUN", &place(1), 0),
            asks("stop", "stop it?").identified("RUN", &place(0), 1),
            asks("stop", "stop another?").identified("RUN", &place(0), 0),
            Question { rule: strict, ..asks("stop", "stop it?") }.identified("RUN", &place(0), 0),
            Question { role: Some("lead".into()), ..asks("stop", "stop it?") }.identified(
                "RUN",
                &place(0),
                0,
            ),
        ];
        for other in others {
            assert_ne!(first.id, other.id, "{other:?}");
        }
    }
}
