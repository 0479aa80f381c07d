//! `backburn abort`: permanently stops a run. A live one is asked to stop, as by Ctrl-C; then exposed
//! states are closed and the run can only be released.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{Aborted, abort},
    report::{plan::plural, summary},
    text::line,
};

use super::{Context, Exit, Failure, beforehand::reason, inputs::Inputs, trusted::Trust};

#[derive(Args, Debug)]
pub(super) struct Abort {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// How long to wait for a live run to stop, in seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    wait: u64,
    /// Why; journaled with your name, and in the report
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<String>,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    trust: Trust,
}

impl Abort {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let wait = Duration::from_secs(self.wait);
        let (inputs, why) = (&self.inputs.inputs, self.reason.as_deref());
        let aborted = match abort(context, &self.run, wait, inputs, why).await {
            Ok(aborted) => aborted,
            Err(failure) => {
                self.trust.settle(context, &self.run, failure)?;
                abort(context, &self.run, wait, inputs, why).await?
            }
        };
        let Aborted { dir, ledger, left } = aborted;
        let id = dir.id();
        let changes = ledger.changes().count();
        context.data(
            |look| {
                let mut text = String::new();
                line!(text, "Run {id} is aborted: {} made", plural(changes, "change"));
                summary::verdicts(&ledger, look, &mut text);
                line!(text, "give back:  backburn release {id}");
                text
            },
            &json!({ "run": id, "changes": changes, "reason": why }),
        )?;
        if left.is_empty() {
            return Ok(Exit::Ok);
        }
        let said: Vec<_> = left
            .iter()
            .map(|one| format!("`{}`: {} is still exposed: {}", one.step, one.place, one.error))
            .collect();
        Err(Failure::new(Exit::StepFailed, said.join("\n       "))
            .help(format!("close it by hand, or try again with `backburn release {id}`")))
    }
}
