//! The big red button: stops a drill's experiments first, then the drill, then gives everything back.
//! Works from any process.

use std::time::Duration;

use crate::{
    aws::{
        Aws,
        fis::{Lever, RunningExperiments, engage_safety_lever, stop_experiment},
    },
    engine::{Fact, plan::Expected},
    journal::RunDir,
};

use super::{
    Approvals, Context, Exit, Failure, Scored,
    drill::{everything, exit, no_simulation, released},
    identity::seen,
    operator,
    reconnect::{known, reconnect},
    start::Start,
    stop::stop_live,
    stopping::Doing,
    whose,
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
    let ledger = whose::check(context, &dir)?;
    if ledger.drill().is_none() {
        return Err(Failure::new(Exit::Usage, format!("run {id} is no drill"))
            .help(format!("`backburn abort {id}` stops it")));
    }
    let aws = reconnect(context, &dir, &ledger).await?.with_run(&id);
    // Ask the live drill first: it must not start anything new behind our back.
    if dir.lock().is_err() {
        dir.ask_to_stop()?;
    }
    let stopped = stop(context, &aws, &id).await;
    let lever = match halt.safety_lever {
        true => {
            let why = format!("backburn drill halt by {}", operator());
            engage_safety_lever(&aws, &why).await.map(Some)
        }
        false => Ok(None),
    };
    let off = "until it is disengaged (`aws fis update-safety-lever-state`)";
    match lever {
        Ok(Some(Lever::Engaged)) => {
            context.say(&format!("the safety lever is engaged: no experiment runs or starts here {off}"));
        }
        Ok(Some(Lever::Engaging)) => context.say(&format!(
            "the safety lever is being engaged: FIS still stops what runs, and nothing starts here {off}; look again with `aws fis get-safety-lever --id default`"
        )),
        Ok(None) | Err(_) => {}
    }
    stop_live(context, &dir, halt.wait).await?;
    stopped?;
    let mut start = Start::of(context, &id)?;
    if start.ledger.released == Some(true) {
        context.say(&format!("drill {id} has ended and given everything back"));
        lever?;
        return Ok(None);
    }
    let secrets = known(context, &aws, &dir, &start.ledger, &halt.inputs).await?;
    // The button was pressed: no request stops what follows.
    start.doing = Doing::Closing;
    let me = seen(&aws);
    let session =
        start.open(context, aws, secrets, Expected::default(), Approvals::default(), me)?;
    let request = everything(format!("halted by {}", operator()));
    let card = released(session, &request, Doing::Closing, true).await?.card;
    let card = card.ok_or_else(|| no_simulation(&dir))??;
    let exit = exit(&card);
    // What the drill took is given back all the same.
    lever?;
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
