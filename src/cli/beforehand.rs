//! `--approve STEP --as ROLE --reason TEXT`: answers that are given when a run starts; shared by `run`, `resume` and
//! `drill run`.

use clap::Args;

use crate::conduct::Approvals;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Beforehand {
    /// Approve a step beforehand, once for each of its questions; `all` approves every step. Not for a step whose approval
    /// is `not-by-operator`
    #[arg(long, value_name = "STEP", requires = "as_role", requires = "reason")]
    pub approve: Vec<String>,
    /// A role that you approve for; repeatable, and `all` is every role
    #[arg(id = "as_role", long = "as", value_name = "ROLE", requires = "approve")]
    pub roles: Vec<String>,
    /// Why you approve; journaled
    #[arg(long, value_name = "TEXT", requires = "approve", value_parser = reason)]
    pub reason: Option<String>,
}

impl Beforehand {
    pub(super) fn approvals(&self, wait: bool) -> Approvals {
        Approvals {
            steps: self.approve.clone(),
            roles: self.roles.clone(),
            reason: self.reason.clone().unwrap_or_default(),
            wait,
        }
    }
}

/// A reason that says something.
pub(super) fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a reason is wanted, and it is journaled".into()),
        text => Ok(text.into()),
    }
}
