//! Everything that a report shows of one run, as plain data: the JSON form of `backburn report`. A
//! fold over the run's directory and nothing else; owns the content, not the layout.

mod changes;
mod clocks;
mod fold;
mod lessons;
mod read;
mod spans;
mod story;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{drill::score::Scorecard, engine::How, journal::Who, playbook::Phase};

pub use clocks::{LAWS, Law};
pub use fold::{fold, technique};
pub use read::{Asked, Known, Options, Sources};

/// Version of the JSON form.
pub const FORMAT: u32 = 1;

/// A run as people look at it afterwards.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    pub format: u32,
    /// Version of the program that wrote the report.
    pub program: String,
    pub written: Timestamp,
    pub run: Head,
    pub summary: Summary,
    pub verdicts: Vec<VerdictRow>,
    pub steps: Vec<StepRow>,
    pub timeline: Timeline,
    pub changes: Vec<ChangeRow>,
    pub operations: Vec<OperationRow>,
    pub evidence: Vec<EvidenceRow>,
    pub answers: Vec<AnswerRow>,
    pub notes: Vec<NoteRow>,
    pub roles: IndexMap<String, RoleRow>,
    /// Who acts under the shared responsibility model, with the number of steps.
    pub responsibility: IndexMap<String, usize>,
    pub attack: Vec<Technique>,
    pub clocks: Vec<Clock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Scorecard>,
    pub observations: Vec<String>,
    pub recommendations: Vec<String>,
}

/// What was run, where, by whom.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Head {
    pub id: String,
    /// The playbook or simulation.
    pub document: String,
    pub title: String,
    pub version: String,
    pub severity: Option<String>,
    pub purpose: Option<String>,
    pub simulation: bool,
    pub account: String,
    pub region: String,
    pub principal: String,
    /// What answered instead of AWS.
    pub endpoint: Option<String>,
    pub operator: String,
    /// T0, on AWS's clock where it is known.
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub inputs: IndexMap<String, String>,
    /// `running`, `succeeded`, `failed`, `interrupted`, `waiting`, `aborted`, `cut off`.
    pub status: String,
    /// Release: none yet, complete, or with something left.
    pub released: Option<bool>,
    pub release_ended: Option<Timestamp>,
    /// Who ended it for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<Abort>,
    pub playbook_sha256: String,
    pub plan_sha256: String,
    pub journal: JournalState,
}

/// A person's decision that a run is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Abort {
    pub by: String,
    /// What AWS and the system said of them.
    #[serde(default, skip_serializing_if = "Who::is_unknown")]
    pub who: Who,
    pub reason: Option<String>,
    pub at: Timestamp,
}

/// Whether the journal that all of this was read from holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JournalState {
    pub records: usize,
    /// Hash of the last line: keep it elsewhere, and the journal can be checked against it.
    pub head: String,
    pub torn_bytes: Option<usize>,
    /// `playbook.yaml` and `plan.json` match the journal. One that does not is not used.
    pub files_match: bool,
    /// `changed`, `missing` or `unsigned`: why the scorecard of a drill is not shown.
    pub scorecard: Option<String>,
}

/// How something stands; the colour and the icon of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Good,
    Care,
    Bad,
    Quiet,
}

/// For the commander: one line, then what is open and what to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    pub tone: Tone,
    pub headline: String,
    /// What happened, a sentence each.
    pub story: Vec<String>,
    /// What is not settled, the worst first.
    pub open: Vec<Open>,
    pub next: Vec<Next>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    pub tone: Tone,
    pub text: String,
    pub step: Option<String>,
}

/// A command and what it is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Next {
    pub why: String,
    pub command: String,
}

/// What could be shown about one containment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerdictRow {
    pub step: String,
    pub subject: String,
    pub verdict: String,
    pub reason: Option<String>,
    pub at: Timestamp,
    /// What the verdict was read from.
    pub facts: Value,
    /// Something that its step changed was given back since: the subject is not contained by it any more. Never in a
    /// drill, which always gives back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

impl VerdictRow {
    /// The verdict, and what became of it.
    pub fn words(&self) -> String {
        let since = if self.released { ", given back since" } else { "" };
        format!("{}{since}", self.verdict)
    }

    /// Whether it still says something of the account.
    pub fn stands(&self, verdict: &str) -> bool {
        self.verdict == verdict && !self.released
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Done,
    Running,
    /// It began, and no record shows how it ended.
    CutOff,
    Waiting,
    Failed,
    Tolerated,
    Skipped,
    NotRun,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::CutOff => "cut off",
            Self::Waiting => "waits",
            Self::Failed => "failed",
            Self::Tolerated => "failed, tolerated",
            Self::Skipped => "skipped",
            Self::NotRun => "not run",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Done => Tone::Good,
            Self::Running | Self::Waiting | Self::Tolerated => Tone::Care,
            Self::CutOff | Self::Failed => Tone::Bad,
            Self::Skipped | Self::NotRun => Tone::Quiet,
        }
    }
}

/// One step; an item of a for-each is one of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepRow {
    pub id: String,
    /// The step of the document, for an item of a for-each.
    pub parent: String,
    pub title: Option<String>,
    pub uses: String,
    pub phase: Phase,
    pub owner: Option<String>,
    pub responsibility: String,
    pub state: State,
    /// Why it was skipped, failed or waits.
    pub why: Option<String>,
    pub attempts: u32,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// The last to end of what the next on the path waited for: it decided how long the run took.
    pub critical: bool,
    /// Steps of the document that it waits for.
    pub needs: Vec<Need>,
    pub changes: usize,
    pub operations: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    pub step: String,
    /// It reads an output of it; otherwise only the order is wanted.
    pub data: bool,
}

/// What a stretch of a step's time was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanKind {
    Work,
    /// The attempt failed.
    Failed,
    /// A person was asked.
    Asked,
    /// An exposed state stood open.
    Exposed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stretch {
    /// Position in `steps`.
    pub step: usize,
    pub kind: SpanKind,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// When steps worked, and when nobody did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timeline {
    pub stretches: Vec<Stretch>,
    pub marks: Vec<Mark>,
}

/// A moment of the run as a whole, or a verdict of a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mark {
    pub at: Timestamp,
    pub step: Option<usize>,
    pub tone: Tone,
    pub text: String,
}

/// A setting's value before and after, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeRow {
    pub step: String,
    pub kind: String,
    pub target: String,
    pub region: String,
    pub at: Timestamp,
    pub before: Value,
    pub after: Value,
    pub how: How,
    /// `stands`, `not settled`, or what release did.
    pub state: String,
    pub tone: Tone,
    /// What release cannot give back, why it failed, or what it is now.
    pub note: Option<String>,
}

/// A job that AWS did, and what it left in the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperationRow {
    pub step: String,
    pub kind: String,
    pub target: String,
    pub leaves: String,
    pub job: Option<String>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: String,
    pub tone: Tone,
}

/// A file that is kept for investigators.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvidenceRow {
    pub step: String,
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
    pub at: Timestamp,
    /// Whether the file still had that hash when the report was written; none where it is gone.
    pub same: Option<bool>,
}

/// What a person decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerRow {
    pub step: String,
    pub role: Option<String>,
    pub question: String,
    /// As whoever answered called themselves.
    pub by: String,
    /// What AWS and the system said of them.
    #[serde(default, skip_serializing_if = "Who::is_unknown")]
    pub who: Who,
    /// By which way it came, such as `terminal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    pub yes: bool,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoteRow {
    pub step: String,
    pub text: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoleRow {
    pub duty: String,
    pub contact: Option<String>,
    /// Steps that it answers for or decides about.
    pub steps: Vec<String>,
}

/// A MITRE ATT&CK technique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Technique {
    pub id: String,
    pub url: String,
}

/// One deadline of a regulation, counted from T0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub law: String,
    pub duty: String,
    /// From when the law itself counts.
    pub from: String,
    pub due: Timestamp,
    /// Whole days count: the time of day is irrelevant.
    pub day: bool,
    pub article: String,
    pub url: String,
}
