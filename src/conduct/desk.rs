//! How an answer reaches a run from another terminal: the run leaves its question in its directory,
//! `approve` leaves the answer beside it, the run takes it up. Owns the files and what binds them; who may
//! answer is `entitled`'s. The directory is its owner's alone (0700).

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    engine::{Answer, Approvers, Question, Reply},
    journal::{Record, RunDir, Seal, Who, hash},
    report::look::flow,
    text::{argument, line},
};

use super::{Exit, Failure, identity::ADMINISTRATOR};

/// So many answers that do not count are kept for the journal at one time.
const MOST_IGNORED: usize = 50;

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Asked {
    pub step: String,
    /// Name of the role that answers.
    pub role: Option<String>,
    pub question: String,
    /// What an answer is bound to: run, step, item, place, attempt, and the hash of what is shown.
    pub id: String,
    #[serde(default)]
    pub rule: Approvers,
    /// SHA-256 of the plan that the run is held to.
    pub plan: String,
    pub since: Timestamp,
}

/// What somebody answered, and to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Given {
    pub step: String,
    /// Id of the question: one step may ask several, and each attempt asks anew.
    pub question: String,
    pub plan: String,
    pub role: String,
    pub by: String,
    #[serde(default)]
    pub who: Who,
    pub at: Timestamp,
    /// By which way it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    pub yes: bool,
    pub reason: String,
    /// Of the rest, by the key of the user who answered: whoever may only write to the directory has no voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// An answer that does not count, left for the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ignored {
    #[serde(flatten)]
    given: Given,
    why: String,
}

/// What the journal keeps of an answer that did not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    pub step: String,
    pub text: String,
}

impl Given {
    fn word(&self) -> &'static str {
        if self.yes { "approved" } else { "denied" }
    }

    /// In the words of the journal.
    pub(crate) fn ignored(&self, why: &str) -> Late {
        let Self { step, by, who, at, via, role, reason, .. } = self;
        let via = via.as_ref().map(|via| format!(", via {via}")).unwrap_or_default();
        let who = if who.is_unknown() { String::new() } else { format!(" ({who})") };
        let (word, reason) = (self.word(), reason.trim());
        let text = format!(
            "an answer was ignored, because {why}: {word} by {by}{who} as {role} at {at:.0}{via}: {reason}"
        );
        Late { step: step.clone(), text }
    }
}

/// What lies where the answer to a question is expected.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Answer(Box<Given>),
    /// It is gone now, and was no answer to this question.
    Unfit(Late),
}

/// The questions and answers of one run under one plan.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    dir: RunDir,
    plan: String,
    /// Where there is one, only answers that it signed are taken.
    seal: Option<Seal>,
}

impl Desk {
    pub(crate) fn of(dir: &RunDir, plan: &str, seal: Option<&Seal>) -> Self {
        Self { dir: dir.clone(), plan: plan.into(), seal: seal.cloned() }
    }

    pub(crate) fn run(&self) -> &str {
        self.dir.id()
    }

    /// Takes away an answer that does not count.
    pub(crate) fn dismiss(&self, given: &Given) {
        self.remove(&RunDir::answer(&given.step, &given.question));
    }

    fn remove(&self, name: &str) {
        let _ = std::fs::remove_file(self.dir.path().join(name));
    }

    /// Leaves a question. A disk that refuses it costs the way from elsewhere, not the question.
    pub(crate) fn put(&self, question: &Question) -> Asked {
        let asked = Asked {
            step: question.step.clone(),
            role: question.role.as_deref().map(role_name),
            question: question.text.clone(),
            id: question.id.clone(),
            rule: question.rule.clone(),
            plan: self.plan.clone(),
            since: Timestamp::now(),
        };
        // One that waits already has waited since then.
        let asked = match self.asked(&asked.step) {
            Ok(Some(there)) if there.id == asked.id => Asked { since: there.since, ..asked },
            _ => asked,
        };
        if let Err(error) = self.dir.write_json(&RunDir::question(&asked.step), &asked) {
            tracing::warn!(%error, "the question cannot be answered from another terminal");
        }
        asked
    }

    /// What the step waits for, if it does.
    pub(crate) fn asked(&self, step: &str) -> Result<Option<Asked>, Failure> {
        read(&self.dir, &RunDir::question(step))
    }

    /// Leaves an answer. The first one to a question is the only one; a later one is left for the journal.
    ///
    /// # Errors
    /// Somebody else has answered already, the question does not wait any more, or the disk refuses it.
    pub(crate) fn give(&self, given: &Given) -> Result<(), Failure> {
        let name = RunDir::answer(&given.step, &given.question);
        let run = self.dir.id();
        let signed = self.signed(given);
        if self.dir.create_json(&name, &signed)? {
            return self.counts(given);
        }
        let first = read::<Given>(&self.dir, &name)?;
        if first.as_ref().is_some_and(|first| !self.is_somebodys(&name, first)) {
            // Nobody's: it must not keep the user's own answer away.
            self.remove(&name);
            if self.dir.create_json(&name, &signed)? {
                return self.counts(given);
            }
        }
        let who = first.map_or_else(
            || "somebody else".to_owned(),
            |first| {
                let Given { by, role, at, .. } = &first;
                format!("`{by}` as {role}, who {} it at {at:.0}", first.word())
            },
        );
        self.leave(given, &format!("the step was already answered by {who}"));
        let message = format!("step `{}` was already answered by {who}", given.step);
        Err(Failure::new(Exit::Refused, message).help(format!(
            "the first answer counts; yours was not taken. To stop the run: `backburn abort {run}`"
        )))
    }

    /// It was the first, and counts if its question still waits: that may have been settled between the look at
    /// the question and the answer.
    fn counts(&self, given: &Given) -> Result<(), Failure> {
        let waits = self.asked(&given.step)?.is_some_and(|asked| asked.id == given.question);
        if waits || self.was_taken(given)? {
            return Ok(());
        }
        self.remove(&RunDir::answer(&given.step, &given.question));
        self.leave(given, "its question did not wait any more");
        let message = format!("step `{}` does not wait for this answer any more", given.step);
        let run = self.dir.id();
        Err(Failure::new(Exit::Refused, message)
            .help(format!("yours was not taken: `backburn runs show {run}` has what counted")))
    }

    /// Whether the run has journaled this very answer.
    fn was_taken(&self, given: &Given) -> Result<bool, Failure> {
        let mut found = false;
        crate::journal::each(&self.dir.journal(), |line| {
            found |= is_journaled(given, &line.record);
        })?;
        Ok(found)
    }

    /// Keeps an answer that does not count for the journal, which only the process at work may write.
    pub(crate) fn leave(&self, given: &Given, why: &str) {
        if self.dir.all_ignored().len() >= MOST_IGNORED {
            return;
        }
        let ignored = Ignored { given: given.clone(), why: why.into() };
        let digest = hash(serde_json::to_string(&ignored).unwrap_or_default().as_bytes());
        if let Err(error) = self.dir.create_json(&RunDir::ignored(&given.step, &digest), &ignored) {
            tracing::warn!(%error, "an answer that does not count is not in the journal");
        }
    }

    /// An answer that was given here: it counts unless somebody else was first, whose answer counts then.
    pub(crate) fn decide(&self, asked: &Asked, answer: Answer) -> Found {
        let (yes, reply) = match answer {
            Answer::Yes(reply) => (true, reply),
            Answer::No(reply) => (false, reply),
            Answer::Unreachable(_) => return Found::Nothing,
        };
        let Reply { by, who, reason, via, .. } = reply;
        let given = Given {
            step: asked.step.clone(),
            question: asked.id.clone(),
            plan: asked.plan.clone(),
            role: asked.role.clone().unwrap_or_default(),
            by,
            who,
            at: Timestamp::now(),
            via,
            yes,
            reason,
            mac: None,
        };
        match self.give(&given) {
            Ok(()) => Found::Answer(Box::new(given)),
            Err(_) => match self.look(asked) {
                // A disk that takes no file must not cost the answer.
                Found::Nothing => Found::Answer(Box::new(given)),
                found => found,
            },
        }
    }

    fn domain(&self) -> String {
        format!("answer {}", self.dir.id())
    }

    /// What of an answer is signed.
    fn text(given: &Given) -> Vec<u8> {
        serde_json::to_vec(&Given { mac: None, ..given.clone() }).unwrap_or_default()
    }

    fn signed(&self, given: &Given) -> Given {
        let mac = self.seal.as_ref().map(|seal| seal.sign(&self.domain(), &Self::text(given)));
        Given { mac, ..given.clone() }
    }

    fn is_signed(&self, given: &Given) -> bool {
        let Some(seal) = &self.seal else { return true };
        let mac = given.mac.as_deref().unwrap_or_default();
        seal.has_signed(&self.domain(), &Self::text(given), mac)
    }

    /// The answer to `asked`, if there is one. Question and answer stay on the disk until the answer is in the
    /// journal ([`settled`](Self::settled)), so that a process that dies in between finds it again.
    pub(crate) fn look(&self, asked: &Asked) -> Found {
        let name = RunDir::answer(&asked.step, &asked.id);
        let given = match read::<Given>(&self.dir, &name) {
            Ok(None) => return Found::Nothing,
            Ok(Some(given)) => given,
            // Another process may still be able to read it.
            Err(failure) if self.dir.read(&name).is_err() => {
                tracing::warn!(failure.message, "an answer cannot be read");
                return Found::Nothing;
            }
            Err(_) => {
                self.remove(&name);
                let text = "a file that is no answer lay where one was expected; it was removed";
                return Found::Unfit(Late { step: asked.step.clone(), text: text.into() });
            }
        };
        match self.unfit(asked, &name, &given) {
            None => Found::Answer(Box::new(given)),
            Some(why) => {
                self.remove(&name);
                Found::Unfit(given.ignored(why))
            }
        }
    }

    /// Whether an answer is of a user of this run's key, or of the machine's administrator, who could read the key: the
    /// owner of a file is the one thing that its writer cannot choose.
    fn is_somebodys(&self, name: &str, given: &Given) -> bool {
        let is_administrators = self.dir.writer(name).ok().flatten() == Some(ADMINISTRATOR)
            && self.dir.owner() != Some(ADMINISTRATOR);
        self.is_signed(given) || is_administrators
    }

    /// Why an answer is not one to this question.
    fn unfit(&self, asked: &Asked, name: &str, given: &Given) -> Option<&'static str> {
        if given.step != asked.step || given.question != asked.id {
            return Some("it is to another question");
        }
        if given.plan != asked.plan {
            return Some("it is for another plan");
        }
        if asked.role.as_ref().is_some_and(|role| *role != given.role) {
            return Some("it is for another role");
        }
        if given.reason.trim().is_empty() {
            return Some("it has no reason");
        }
        if !self.is_somebodys(name, given) {
            return Some("no key of this user signed it");
        }
        let writer = self.dir.writer(name).ok().flatten();
        let claimed = given.who.system.as_ref().map(|user| user.uid);
        (writer != claimed).then_some("its file belongs to another system user than it names")
    }

    /// The answer is in the journal: the question no longer waits.
    pub(crate) fn settled(&self, question: &Question) {
        // In this order: whoever answers now sees that the question is gone.
        self.remove(&RunDir::question(&question.step));
        self.remove(&RunDir::answer(&question.step, &question.id));
    }

    /// Forgets what an earlier process journaled and did not live to remove.
    pub(crate) fn forget(&self, journaled: &[Record]) {
        for name in self.dir.answers() {
            let Ok(Some(given)) = read::<Given>(&self.dir, &name) else { continue };
            if journaled.iter().any(|record| is_journaled(&given, record)) {
                let asked = self.asked(&given.step).ok().flatten();
                if asked.is_some_and(|asked| asked.id == given.question) {
                    self.remove(&RunDir::question(&given.step));
                }
                self.remove(&name);
            }
        }
    }

    /// Takes away every answer that no question waits for, and what was left as ignored.
    pub(crate) fn late(&self) -> Vec<Late> {
        let mut late = Vec::new();
        for name in self.dir.all_ignored() {
            if let Ok(Some(Ignored { given, why })) = read::<Ignored>(&self.dir, &name) {
                late.push((given.at, given.ignored(&why)));
            }
            self.remove(&name);
        }
        for name in self.dir.answers() {
            let Ok(Some(given)) = read::<Given>(&self.dir, &name) else { continue };
            let asked = self.asked(&given.step).ok().flatten();
            if asked.is_some_and(|asked| asked.id == given.question) {
                continue;
            }
            late.push((given.at, given.ignored("its question did not wait any more")));
            self.remove(&name);
        }
        late.sort_by_key(|(at, _)| *at);
        late.into_iter().map(|(_, late)| late).collect()
    }

    /// The question with the command that answers it, for a terminal where nobody types.
    pub(crate) fn how(&self, asked: &Asked) -> String {
        let Asked { step, role, question, rule, .. } = asked;
        let role = role.as_deref().unwrap_or("ROLE");
        let question = flow(question);
        let mut text = String::new();
        line!(text, "{step} waits for {role}{}: {question}", rule.words());
        line!(text, "  `{}`", self.approve(asked));
        text
    }

    /// The command that answers a question from another terminal, up to the reason.
    pub(crate) fn approve(&self, asked: &Asked) -> String {
        approve(self.dir.id(), &asked.step, asked.role.as_deref())
    }
}

/// The command that answers a question of a run from another terminal, up to the reason.
pub(crate) fn approve(run: &str, step: &str, role: Option<&str>) -> String {
    let role = role.map_or_else(|| "ROLE".to_owned(), argument);
    format!("backburn approve {run} {} --as {role} --reason ...", argument(step))
}

impl Given {
    /// As the engine takes it.
    pub(crate) fn answer(self) -> Answer {
        let Self { by, who, reason, via, at, .. } = self;
        let reply = Reply { by, who, reason, at: Some(at), via };
        if self.yes { Answer::Yes(reply) } else { Answer::No(reply) }
    }
}

fn is_journaled(given: &Given, record: &Record) -> bool {
    matches!(record, Record::Answer { asked, by, at, .. }
        if *asked == given.question && *by == given.by && *at == Some(given.at))
}

/// The steps of a run that a question was left of, each with who answers it.
pub(crate) fn open(dir: &RunDir) -> Vec<(String, Option<String>)> {
    let asked = dir.questions();
    let read = asked.iter().filter_map(|name| read::<Asked>(dir, name).ok().flatten());
    read.map(|asked| (asked.step, asked.role)).collect()
}

/// A question names its role with the way to reach it.
fn role_name(role: &str) -> String {
    role.split(':').next().unwrap_or(role).trim().into()
}

fn read<T: DeserializeOwned>(dir: &RunDir, name: &str) -> Result<Option<T>, Failure> {
    let path = dir.path().join(name);
    let bytes = match dir.read(name) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::at(&path)(e)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| Failure::at(&path)(io::Error::other(e)))
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
