//! `backburn approve`: answers what a step waits for, from another terminal than the run's.

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{
        answer::{Wanted, answer},
        caller,
        entitled::APPROVE,
        is_administrator, operator,
    },
    journal::{RunDir, RunDirError},
    text::one_line,
};

use super::{Context, Exit, Failure, beforehand::reason, trusted::Trust};

#[derive(Args, Debug)]
pub(super) struct Approve {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// The step that waits
    step: String,
    /// The role that you answer for
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
    /// Why; journaled with your name, your caller of AWS, the system user, the role and the time
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Refuse: the step fails
    #[arg(long)]
    deny: bool,
    /// Refuse unless the run's plan has this hash, or its first 32 digits or more
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
    #[command(flatten)]
    trust: Trust,
}

impl Approve {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let dir = match RunDir::find(context.home(), &self.run) {
            // Somebody else than the run's operator answers, by `sudo`.
            Err(RunDirError::Foreign { .. }) if is_administrator() => {
                RunDir::find_as_administrator(context.home(), &self.run)?
            }
            found => found?,
        };
        let Self { run, step, role, reason, deny, plan, trust } = self;
        let who = caller(context, &dir).await;
        let wanted = || Wanted {
            step: step.clone(),
            role: role.clone(),
            by: operator(),
            who: who.clone(),
            reason: reason.clone(),
            yes: !deny,
            plan: plan.clone(),
            question: None,
            via: APPROVE,
        };
        let given = match answer(context, &dir, wanted()) {
            Ok(given) => given,
            Err(failure) => {
                trust.settle(context, &run, failure)?;
                answer(context, &dir, wanted())?
            }
        };
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
                one_line(&format!(
                    "{word} `{step}` of run {run} as {} by {} ({}){next}",
                    given.role, given.by, given.who
                )) + "\n"
            },
            &json!({ "run": run, "answer": given, "resume": waiting }),
        )?;
        Ok(Exit::Ok)
    }
}
