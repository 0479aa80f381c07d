//! How an answer reaches a run from another terminal: the run leaves its question in its directory,
//! `approve` leaves the answer beside it, the run takes it up. Owns the two files and what binds them;
//! the directory is its owner's alone (0700).

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    engine::{Answer, Question},
    journal::{RunDir, hash},
};

use super::Failure;

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    pub step: String,
    /// Name of the role that answers.
    pub role: Option<String>,
    pub question: String,
    /// SHA-256 of the plan that the run is held to.
    pub plan: String,
    pub since: Timestamp,
}

/// What somebody answered, and to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Given {
    pub step: String,
    /// SHA-256 of the question: one step may ask several.
    pub question: String,
    pub plan: String,
    pub role: String,
    pub by: String,
    pub at: Timestamp,
    /// `page`, where it came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    pub yes: bool,
    pub reason: String,
}

impl Asked {
    pub fn question_sha256(&self) -> String {
        hash(self.question.as_bytes())
    }
}

/// The questions and answers of one run under one plan.
#[derive(Clone, Debug)]
pub struct Desk {
    dir: RunDir,
    plan: String,
}

impl Desk {
    pub fn of(dir: &RunDir, plan: &str) -> Self {
        Self { dir: dir.clone(), plan: plan.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Leaves a question. A disk that refuses it costs the way from elsewhere, not the question.
    pub fn put(&self, question: &Question) -> Asked {
        let asked = Asked {
            step: question.step.clone(),
            role: question.role.as_deref().map(role_name),
            question: question.text.clone(),
            plan: self.plan.clone(),
            since: Timestamp::now(),
        };
        if let Err(error) = self.dir.write_json(&RunDir::question(&asked.step), &asked) {
            tracing::warn!(%error, "the question cannot be answered from another terminal");
        }
        asked
    }

    /// What the step waits for, if it does.
    pub fn asked(&self, step: &str) -> Result<Option<Asked>, Failure> {
        read(&self.path(&RunDir::question(step)))
    }

    /// # Errors
    /// The disk refuses it.
    pub fn give(&self, given: &Given) -> Result<(), Failure> {
        Ok(self.dir.write_json(&RunDir::answer(&given.step), given)?)
    }

    /// The answer to `asked`, taken up: the question is gone then. A yes stays on the disk until it is
    /// in the journal, so that a process that dies in between finds it again; a no is used once.
    pub fn take(&self, asked: &Asked) -> Option<Answer> {
        let given: Given = read(&self.path(&RunDir::answer(&asked.step))).ok()??;
        let fits = given.step == asked.step
            && given.plan == asked.plan
            && given.question == asked.question_sha256()
            && asked.role.as_ref().is_none_or(|role| *role == given.role);
        if !fits {
            return None;
        }
        self.withdraw(&asked.step);
        let Given { by, reason, via, .. } = given;
        let at = Some(given.at);
        if given.yes {
            return Some(Answer::Yes { by, reason, at, via });
        }
        let _ = std::fs::remove_file(self.path(&RunDir::answer(&asked.step)));
        Some(Answer::No { by, reason, at, via })
    }

    /// The question with the command that answers it, for a terminal where nobody types.
    pub fn how(&self, asked: &Asked) -> String {
        let Asked { step, role, question, .. } = asked;
        let role = role.as_deref().unwrap_or("ROLE");
        let question = question.replace(|c: char| c.is_control() && c != '\n', " ");
        format!(
            "{step} waits for {role}: {question}\n  `backburn approve {} {step} --as {role} --reason ...`\n",
            self.dir.id()
        )
    }

    /// The step no longer waits.
    pub fn withdraw(&self, step: &str) {
        let _ = std::fs::remove_file(self.path(&RunDir::question(step)));
    }
}

/// The steps of a run that a question was left of, each with who answers it.
pub fn open(dir: &RunDir) -> Vec<(String, Option<String>)> {
    let asked = dir.questions();
    let read = asked.iter().filter_map(|name| read::<Asked>(&dir.path().join(name)).ok().flatten());
    read.map(|asked| (asked.step, asked.role)).collect()
}

/// A question names its role with the way to reach it.
fn role_name(role: &str) -> String {
    role.split(':').next().unwrap_or(role).trim().into()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::at(path)(e)),
    };
    serde_json::from_str(&text).map(Some).map_err(|e| Failure::at(path)(io::Error::other(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01JD0000000000000000000000";

    fn desk() -> (tempfile::TempDir, Desk) {
        let home = tempfile::tempdir().expect("a directory");
        let dir = RunDir::create(home.path(), RUN).expect("a run directory");
        (home, Desk::of(&dir, "plan-1"))
    }

    fn question(text: &str) -> Question {
        Question { step: "stop".into(), role: Some("commander: +00 000".into()), text: text.into() }
    }

    fn yes(asked: &Asked) -> Given {
        Given {
            step: asked.step.clone(),
            question: asked.question_sha256(),
            plan: asked.plan.clone(),
            role: "commander".into(),
            by: "anna".into(),
            at: Timestamp::now(),
            via: None,
            yes: true,
            reason: "go".into(),
        }
    }

    #[test]
    fn an_answer_fits_one_question_of_one_step_under_one_plan() {
        let (_home, desk) = desk();
        let asked = desk.put(&question("stop it?"));
        assert_eq!(asked.role.as_deref(), Some("commander"));
        let wrong = [
            Given { plan: "plan-2".into(), ..yes(&asked) },
            Given { role: "responder".into(), ..yes(&asked) },
            Given { question: "another".into(), ..yes(&asked) },
        ];
        for wrong in wrong {
            desk.give(&wrong).expect("a disk");
            assert_eq!(desk.take(&asked), None, "{wrong:?}");
            assert!(desk.asked("stop").expect("a disk").is_some(), "it still waits");
        }
        desk.give(&yes(&asked)).expect("a disk");
        assert!(matches!(desk.take(&asked), Some(Answer::Yes { by, .. }) if by == "anna"));
        assert_eq!(desk.asked("stop").expect("a disk"), None);
        let again = desk.put(&question("stop it?"));
        assert!(desk.take(&again).is_some(), "a yes that was not journaled is found again");
        let other = desk.put(&question("really?"));
        assert_eq!(desk.take(&other), None);
    }

    #[test]
    fn a_no_is_said_once() {
        let (_home, desk) = desk();
        let asked = desk.put(&question("stop it?"));
        desk.give(&Given { yes: false, ..yes(&asked) }).expect("a disk");
        assert!(matches!(desk.take(&asked), Some(Answer::No { .. })));
        assert_eq!(desk.take(&desk.put(&question("stop it?"))), None);
    }
}
