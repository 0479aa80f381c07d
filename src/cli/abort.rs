//! `backburn abort`: permanently stops a run. A live one is asked to stop, as by Ctrl-C; then exposed
//! states are closed and the run can only be released.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{Aborted, abort},
    report::{plan::plural, summary},
};

use super::{Context, Exit, Failure, inputs::Inputs};

#[derive(Args, Debug)]
pub struct Abort {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// How long to wait for a live run to stop, in seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    wait: u64,
    #[command(flatten)]
    inputs: Inputs,
}

impl Abort {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let wait = Duration::from_secs(self.wait);
        let Aborted { dir, ledger, left } =
            abort(context, &self.run, wait, &self.inputs.inputs).await?;
        let id = dir.id();
        let changes = ledger.changes().count();
        context.data(
            |look| {
                let mut text = format!("Run {id} is aborted: {} made\n", plural(changes, "change"));
                summary::verdicts(&ledger, look, &mut text);
                text.push_str(&format!("give back:  backburn release {id}\n"));
                text
            },
            &json!({ "run": id, "changes": changes }),
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
