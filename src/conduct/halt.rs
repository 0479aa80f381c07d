//! The big red button: stops a drill's experiments first, then the drill, then gives everything back.
//! Works from any process.

use std::time::Duration;

use crate::{
    aws::{
        Aws,
        fis::{RunningExperiments, engage_safety_lever, stop_experiment},
    },
    engine::{Fact, plan::Expected},
    journal::{Ledger, RunDir},
};

use super::{
    Approvals, Context, Exit, Failure, Scored,
    drill::{everything, exit, rescored},
    operator,
    reconnect::{known, reconnect},
    start::Start,
    stop::stop_live,
};

/// How a drill is halted.
#[derive(Clone, Debug)]
pub struct Halt {
    /// Engage the FIS safety lever too: every experiment of the account and Region stops, and none
    /// starts until somebody disengages it.
    pub safety_lever: bool,
    /// How long the live drill may take to stop.
    pub wait: Duration,
    /// Sensitive inputs of the drill, which are kept nowhere.
    pub inputs: Vec<(String, String)>,
}

/// Halts a drill, by its run's id, a unique prefix of it, or `last`. None when it had ended and given
/// everything back by itself.
///
/// # Errors
/// The run is no drill, its account cannot be reached, an experiment cannot be stopped, or it is still
/// worked on after the wait.
pub async fn halt(context: &Context, asked: &str, halt: Halt) -> Result<Option<Scored>, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let id = dir.id().to_owned();
    let ledger = Ledger::read(&dir.journal())?;
    if ledger.drill().is_none() {
        return Err(Failure::new(Exit::Usage, format!("run {id} is no drill"))
            .help(format!("`backburn abort {id}` stops it")));
    }
    let aws = reconnect(context, &ledger).await?.with_run(&id);
    // Ask the live drill first: it must not start anything new behind our back.
    if dir.lock().is_err() {
        dir.ask_to_stop()?;
    }
    let stopped = stop(context, &aws, &id).await;
    if halt.safety_lever {
        engage_safety_lever(&aws, &format!("backburn drill halt by {}", operator())).await?;
        context.say("the safety lever is engaged: no experiment starts here until it is disengaged (`aws fis update-safety-lever-state`)");
    }
    stop_live(context, &dir, halt.wait).await?;
    stopped?;
    let start = Start::of(context, &id)?;
    if start.ledger.released == Some(true) {
        context.say(&format!("drill {id} has ended and given everything back"));
        return Ok(None);
    }
    let secrets = known(context, &dir, &halt.inputs)?;
    let session = start.open(context, aws, secrets, Expected::default(), Approvals::default())?;
    let items = session.release(&everything(format!("halted by {}", operator()))).await?;
    let card = rescored(context, &dir, &items)?;
    let exit = exit(card.outcome);
    Ok(Some(Scored { dir, card, exit, stock: Ok(()) }))
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
