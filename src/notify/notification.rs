//! The content of notifications. Owns the wording and the ids: the same notification sent again, by a process that
//! resumes, has the same id, by which a receiver drops the second.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    config::Kind,
    journal::{Ledger, Record, RunStatus, hash},
    text::argument,
};

/// Version of the JSON form.
pub(super) const FORMAT: u32 = 1;

/// How it stands; receivers choose colours and urgency by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tone {
    Good,
    Care,
    Bad,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct About {
    pub id: String,
    /// Id of the playbook, or of the simulation.
    pub playbook: String,
    pub drill: bool,
    pub account: String,
    pub region: String,
    pub operator: String,
    /// An endpoint on this machine answered, not AWS.
    pub lab: bool,
}

impl About {
    /// None for any other record than the first of a run.
    pub(crate) fn of(started: &Record) -> Option<Self> {
        let Record::RunStarted { run, playbook, drill, scope, endpoint, operator, .. } = started
        else {
            return None;
        };
        Some(Self {
            id: run.clone(),
            playbook: drill.clone().unwrap_or_else(|| playbook.clone()),
            drill: drill.is_some(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            operator: operator.clone(),
            lab: endpoint.is_some(),
        })
    }
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Notification {
    pub format: u32,
    /// The same for the same subject, however often it is sent.
    pub id: String,
    /// `run-start`, `approval-wanted`, `not-proven`, `run-end`, `drill-score`, or `test`.
    pub event: String,
    #[serde(skip)]
    pub kind: Option<Kind>,
    /// When it was made, by this machine's clock.
    pub at: Timestamp,
    pub tone: Tone,
    pub title: String,
    pub text: String,
    pub run: About,
    /// Further details besides the text, by name.
    pub facts: IndexMap<String, String>,
    /// The command that comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How a drill came out.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub outcome: String,
    pub passed: bool,
    /// Objective, outcome and clock, in the order of the scorecard.
    pub rows: Vec<(String, String)>,
}

impl Notification {
    fn new(about: &About, kind: Option<Kind>, what: &str, tone: Tone, title: String) -> Self {
        let event = kind.map_or("test", Kind::name);
        let id = hash(format!("{}\n{event}\n{what}", about.id).as_bytes());
        Self {
            format: FORMAT,
            id: id[..32].into(),
            event: event.into(),
            kind,
            at: Timestamp::now(),
            tone,
            title,
            text: String::new(),
            run: about.clone(),
            facts: IndexMap::new(),
            next: None,
        }
    }

    fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.insert(name.into(), value.into());
        self
    }

    pub(crate) fn run_start(about: &About, plan_sha256: &str) -> Self {
        let what = if about.drill { "drill" } else { "run" };
        let title = format!("{what} of {} started", about.playbook);
        let mut this =
            Self::new(about, Some(Kind::RunStart), "", Tone::Care, title).fact("plan", plan_sha256);
        this.text = format!("{} started it in {}", about.operator, about.account);
        this
    }

    pub(crate) fn approval_wanted(
        about: &About,
        step: &str,
        role: Option<&str>,
        question: &str,
    ) -> Self {
        let title = format!("{} waits for {}", about.playbook, role.unwrap_or("an answer"));
        let what = format!("{step}\n{question}");
        let mut this = Self::new(about, Some(Kind::ApprovalWanted), &what, Tone::Care, title)
            .fact("step", step);
        if let Some(role) = role {
            this = this.fact("role", role);
        }
        this.text = question.into();
        let role = role.map_or_else(
            || "ROLE".to_owned(),
            |role| argument(role.split(':').next().unwrap_or(role).trim()),
        );
        let step = argument(step);
        this.next = Some(format!("backburn approve {} {step} --as {role} --reason TEXT", about.id));
        this
    }

    pub(crate) fn not_proven(
        about: &About,
        step: &str,
        subject: &str,
        verdict: &str,
        reason: Option<&str>,
    ) -> Self {
        let tone = if verdict == "failed" { Tone::Bad } else { Tone::Care };
        let title = format!("{}: containment is {verdict}, not proven", about.playbook);
        let what = format!("{step}\n{subject}\n{verdict}");
        let mut this = Self::new(about, Some(Kind::NotProven), &what, tone, title)
            .fact("step", step)
            .fact("subject", subject)
            .fact("verdict", verdict);
        this.text = reason.unwrap_or("no reason is given").into();
        this.next = Some(format!("backburn runs show {}", about.id));
        this
    }

    /// The end of a run, or of one part of it: `part` counts the ends so far.
    pub(crate) fn run_end(about: &About, status: RunStatus, ledger: &Ledger, part: usize) -> Self {
        let (word, tone) = match status {
            RunStatus::Succeeded => ("succeeded", Tone::Good),
            RunStatus::Failed => ("failed", Tone::Bad),
            RunStatus::Interrupted => ("was interrupted", Tone::Care),
            RunStatus::Waiting => ("waits for a person", Tone::Care),
        };
        let verdicts = || ledger.steps.values().flat_map(|step| step.verdicts.values());
        let count = |word: &str| verdicts().filter(|(one, _)| one.word() == word).count();
        let (proven, presumed, failed) = (count("proven"), count("presumed"), count("failed"));
        let tone = match tone {
            Tone::Good if failed > 0 => Tone::Bad,
            Tone::Good if presumed > 0 => Tone::Care,
            tone => tone,
        };
        let title = format!("{} {word}", about.playbook);
        let mut this = Self::new(about, Some(Kind::RunEnd), &part.to_string(), tone, title)
            .fact("proven", proven.to_string())
            .fact("presumed", presumed.to_string())
            .fact("failed", failed.to_string())
            .fact("changes", ledger.changes().count().to_string());
        this.text = format!("{proven} proven, {presumed} presumed, {failed} failed");
        this.next = Some(match status {
            RunStatus::Succeeded => format!("backburn release {}", about.id),
            _ => format!("backburn resume {}", about.id),
        });
        if ledger.released.is_some() {
            this.text.push_str("; what it took was released");
            this.next = Some(format!("backburn runs show {}", about.id));
        }
        this
    }

    pub(crate) fn drill_score(about: &About, score: &Score, part: usize) -> Self {
        let tone = if score.passed { Tone::Good } else { Tone::Bad };
        let title = format!("drill {}: {}", about.playbook, score.outcome);
        let what = part.to_string();
        let mut this = Self::new(about, Some(Kind::DrillScore), &what, tone, title)
            .fact("outcome", score.outcome.clone());
        for (objective, outcome) in &score.rows {
            this = this.fact(objective, outcome.clone());
        }
        let good = score.rows.iter().filter(|(_, outcome)| outcome.starts_with("pass")).count();
        this.text = format!("{good} of {} objectives passed", score.rows.len());
        this.next = Some(format!("backburn report {}", about.id));
        this
    }

    /// To see whether a target hears.
    pub(crate) fn test(operator: &str) -> Self {
        let about = About {
            id: ulid::Ulid::generate().to_string(),
            playbook: "none".into(),
            drill: false,
            account: "000000000000".into(),
            region: "none".into(),
            operator: operator.into(),
            lab: false,
        };
        let title = "backburn tests this target".into();
        let mut this = Self::new(&about, None, "", Tone::Good, title);
        this.text = "Nothing happened. `backburn config check --send` was called.".into();
        this
    }
}

/// What an interrupted process may not have sent yet: the run's start, and what is not proven.
pub(crate) fn missed(about: &About, records: &[Record]) -> Vec<Notification> {
    let one = |record: &Record| match record {
        Record::RunStarted { plan_sha256, .. } => Some(Notification::run_start(about, plan_sha256)),
        Record::Verdict { step, subject, verdict, .. } if verdict.word() != "proven" => {
            let (word, reason) = (verdict.word(), verdict.reason());
            Some(Notification::not_proven(about, step, subject, word, reason))
        }
        _ => None,
    };
    records.iter().filter_map(one).collect()
}
