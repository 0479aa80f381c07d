//! `backburn drill halt`: the big red button. Stops the drill's experiments first, then the drill,
//! then gives everything back; works from any terminal.

use std::time::Duration;

use clap::Args;

use crate::conduct;

use super::{
    super::{inputs::Inputs, trusted::Trust},
    Context, Exit, Failure,
    run::print,
};

#[derive(Args, Debug)]
pub(super) struct Halt {
    /// Run id of the drill, a unique prefix of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// Engage the FIS safety lever too: every experiment of the account and Region stops, and none
    /// starts until somebody disengages it
    #[arg(long)]
    safety_lever: bool,
    /// How long to wait for the live drill to stop, in seconds
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    wait: u64,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    trust: Trust,
}

impl Halt {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Self { run, safety_lever, wait, inputs, trust } = self;
        let (wait, inputs) = (Duration::from_secs(wait), inputs.inputs);
        let halt = conduct::Halt { safety_lever, wait, inputs };
        let halted = match conduct::halt(context, &run, halt.clone()).await {
            Err(failure) => {
                trust.settle(context, &run, failure)?;
                conduct::halt(context, &run, halt).await
            }
            halted => halted,
        };
        let Some(scored) = halted? else { return Ok(Exit::Ok) };
        print(context, &scored)?;
        Ok(scored.exit)
    }
}
