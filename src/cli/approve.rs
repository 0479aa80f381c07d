//! `backburn approve`: answers what a step waits for, from another terminal than the run's.

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{
        answer::{Wanted, answer},
        operator,
    },
    journal::RunDir,
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub struct Approve {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// The step that waits
    step: String,
    /// The role that you answer for
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
    /// Why; journaled with your name, the role and the time
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Refuse: the step fails
    #[arg(long)]
    deny: bool,
    /// Refuse unless the run's plan has this hash, or its first 8 characters or more
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
}

impl Approve {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let dir = RunDir::find(context.home(), &self.run)?;
        let wanted = Wanted {
            step: self.step,
            role: self.role,
            by: operator(),
            reason: self.reason,
            yes: !self.deny,
            plan: self.plan,
            question: None,
            via: None,
        };
        let given = answer(&dir, wanted)?;
        let (step, run) = (&given.step, dir.id());
        // A run that is worked on takes it up by itself.
        let waiting = dir.lock().is_ok();
        context.data(
            |_| {
                let word = if given.yes { "approved" } else { "denied" };
                let next = match waiting {
                    true => format!("; `backburn resume {run}` continues it"),
                    false => String::new(),
                };
                format!("{word} `{step}` of run {run} as {} by {}{next}\n", given.role, given.by)
            },
            &json!({ "run": run, "answer": given, "resume": waiting }),
        )?;
        Ok(Exit::Ok)
    }
}
