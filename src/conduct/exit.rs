//! Exit codes. Owns their numbers, which scripts rely on; docs/cli.md has the table.

use crate::{
    engine::{RunEnd, StepError, Verdict},
    journal::{Ledger, RunStatus},
};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// A bug, a full disk, a file that cannot be read.
    Internal = 1,
    /// The command line is wrong (clap's own code).
    Usage = 2,
    /// The playbook or its inputs are invalid.
    Invalid = 3,
    /// The plan was refused or declined: nothing was changed.
    Refused = 4,
    /// A step failed.
    StepFailed = 5,
    /// A containment is not proven.
    NotProven = 6,
    /// Someone else changed what the plan or the run had read.
    Drift = 7,
    /// AWS cannot be reached or denies access.
    Aws = 8,
    /// It was asked to stop; nothing is left open.
    Interrupted = 9,
    /// A step waits for a human.
    Waiting = 10,
    /// A drill missed an objective: a detection, a time, a content.
    Missed = 11,
}

impl Exit {
    /// By the worst of what happened.
    pub fn of(end: &RunEnd, ledger: &Ledger, accept_presumed: bool) -> Self {
        if end.journal.is_some() {
            return Self::Internal;
        }
        let failed: Vec<_> = end.walked.failed.iter().map(|(_, e)| cause(e).word()).collect();
        Self::by(&failed, end.status, ledger, accept_presumed)
    }

    /// By the words of the errors that steps failed with, and by the verdicts.
    pub fn by(failed: &[&str], status: RunStatus, ledger: &Ledger, accept_presumed: bool) -> Self {
        let any = |words: &[&str]| failed.iter().any(|word| words.contains(word));
        if any(&["not-contained"]) {
            return Self::NotProven;
        }
        if any(&["drift", "off-plan"]) {
            return Self::Drift;
        }
        if any(&["journal"]) {
            return Self::Internal;
        }
        if any(&["denied", "unreachable"]) {
            return Self::Aws;
        }
        match status {
            RunStatus::Failed => Self::StepFailed,
            RunStatus::Interrupted => Self::Interrupted,
            RunStatus::Waiting => Self::Waiting,
            RunStatus::Succeeded => {
                let mut verdicts = ledger.steps.values().flat_map(|step| step.verdicts.values());
                if !verdicts.all(|(verdict, _)| accepted(verdict, accept_presumed)) {
                    return Self::NotProven;
                }
                Self::Ok
            }
        }
    }
}

/// What failed first, where closing an exposed state failed as well.
fn cause(error: &StepError) -> &StepError {
    match error {
        StepError::LeftOpen { why, .. } => cause(why),
        other => other,
    }
}

fn accepted(verdict: &Verdict, presumed: bool) -> bool {
    match verdict {
        Verdict::Proven => true,
        Verdict::Presumed { .. } => presumed,
        Verdict::Failed { .. } => false,
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
