//! `backburn drill halt`: the big red button. Stops the drill's experiments first, then the drill,
//! then gives everything back; works from any terminal.

use std::time::Duration;

use clap::Args;

use crate::{
    aws::{
        Aws,
        facts::fis::RunningExperiments,
        operations::fis::{engage_safety_lever, stop_experiment},
    },
    engine::{Fact, plan::Expected},
    journal::{Ledger, RunDir},
};

use super::{
    super::{
        abort::stop_live,
        prepare::{Inputs, operator},
        resume::{account_of, known, reconnect_to},
        session::Start,
    },
    Context, Exit, Failure,
    conduct::{everything, score_kept},
};

#[derive(Args, Debug)]
pub struct Halt {
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
}

impl Halt {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let dir = RunDir::find(context.home(), &self.run)?;
        let id = dir.id().to_owned();
        let ledger = Ledger::read(&dir.journal())?;
        if ledger.drill().is_none() {
            return Err(Failure::new(Exit::Usage, format!("run {id} is no drill"))
                .help(format!("`backburn abort {id}` stops it")));
        }
        let aws = reconnect_to(context, account_of(&ledger)?).await?.with_run(&id);
        // Ask the live drill first: it must not start anything new behind our back.
        if dir.lock().is_err() {
            dir.ask_to_stop()?;
        }
        let stopped = stop(context, &aws, &id).await;
        if self.safety_lever {
            engage_safety_lever(&aws, &format!("backburn drill halt by {}", operator())).await?;
            context.say("the safety lever is engaged: no experiment starts here until it is disengaged (`aws fis update-safety-lever-state`)");
        }
        stop_live(context, &dir, Duration::from_secs(self.wait)).await?;
        stopped?;
        let start = Start::of(context, &id)?;
        if start.ledger.released == Some(true) {
            context.say(&format!("drill {id} has ended and given everything back"));
            return Ok(Exit::Ok);
        }
        let secrets = known(context, &dir, &self.inputs.inputs)?;
        let session = start.open(context, aws, secrets, Expected::default(), Vec::new())?;
        let items = session.release(&everything(format!("halted by {}", operator()))).await?;
        score_kept(context, &dir, &items)
    }
}

/// Stops what runs of this drill; every one is tried.
async fn stop(context: &Context, aws: &Aws, run: &str) -> Result<(), Failure> {
    let mut failed = None;
    for experiment in RunningExperiments::of(aws).read(aws).await? {
        if experiment.run.as_deref() != Some(run) {
            continue;
        }
        match stop_experiment(aws, &experiment.experiment).await {
            Ok(_) => context.say(&format!("experiment {} is stopping", experiment.experiment)),
            Err(e) => failed = Some(Failure::from(e)),
        }
    }
    failed.map_or(Ok(()), Err)
}
