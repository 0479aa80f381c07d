//! `backburn drill run`: plan, confirm, conduct.

use std::{io::IsTerminal, path::PathBuf};

use clap::Args;

use crate::{
    conduct::{Loaded, Planning, Ready, Scored, Sources, read},
    program::planfile::PlanFile,
    report::{self, scorecard::scorecard},
    text::argument,
};

use super::{
    super::{beforehand::Beforehand, inputs::Inputs, serve::Serve, sinks::Reports, terminal::line},
    Context, Exit, Failure,
};

#[derive(Args, Debug)]
pub(super) struct Run {
    /// Simulation
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Maximum number of steps that run concurrently
    #[arg(long, default_value_t = 32, value_name = "N")]
    parallel: usize,
    #[command(flatten)]
    beforehand: Beforehand,
    /// Build on what this other run holds; repeatable
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    /// Do not probe which permissions the caller has
    #[arg(long)]
    no_probe: bool,
    /// Do not ask, on a local endpoint
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    reports: Reports,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let page = self.serve.bind().await?;
        let text = read(&self.file)?;
        let sources = Sources::Beside(&self.file);
        let given = &self.inputs.inputs;
        let loaded = Loaded::confided(context, &name, text.clone(), sources, given).await;
        let loaded = self.reports.loaded(context, "drill", &self.file, &text, loaded)?;
        if loaded.outline.is_none() {
            return Err(Failure::new(
                Exit::Usage,
                format!("{name} is a playbook, not a simulation"),
            )
            .help(format!("`backburn run {}` runs it", argument(&self.file))));
        }
        let (no_probe, beside) = (self.no_probe, self.beside.clone());
        let planning = Planning { drill: true, no_probe, beside, ..Planning::default() };
        let plan = loaded.plan(context, planning).await?;
        context.show(&report::plan::plan(&plan.plan, &context.err));
        if let Err(refused) = plan.refused() {
            self.reports.plan(context, "drill", &name, &plan.prepared, &plan.plan)?;
            return Err(refused);
        }
        self.confirm(context, &plan.plan)?;
        let approvals = self.beforehand.approvals(self.serve.is_asked());
        let run = plan.begin(context, approvals).await?;
        let (id, prepared) = (run.dir().id().to_owned(), run.prepared.clone());
        let live = page.map(|page| page.start(context, run.dir()));
        let exit = finish(context, run, self.parallel).await;
        if let Some(live) = live {
            live.end(context).await;
        }
        self.reports.run(context, &id, &name, &prepared)?;
        exit
    }

    /// On AWS the account's id, typed or given: faults in the wrong account are an incident.
    fn confirm(&self, context: &Context, plan: &PlanFile) -> Result<(), Failure> {
        let account = &plan.scope.account;
        let refused = |message: String| Err(Failure::new(Exit::Refused, message));
        let listed = |given: &str| {
            let config = context.configuration().config();
            config.account(given).is_some_and(|(_, listed)| listed.id == *account)
        };
        match &context.global.account {
            Some(given) if given == account || listed(given) => return Ok(()),
            Some(given) => {
                return refused(format!(
                    "`--account {given}` is not the account {account} that this drill would run in"
                ));
            }
            None if plan.local && self.yes => return Ok(()),
            None if self.yes => {
                return refused(format!(
                    "`--yes` does not confirm the account to inject faults into; give `--account {account}`"
                ));
            }
            None => {}
        }
        if !std::io::stdin().is_terminal() {
            return refused("nobody can be asked, and neither `--yes` nor `--account` was given; nothing was changed".into());
        }
        let (prompt, wanted) = match plan.local {
            true => ("Type `yes` to run this drill: ".to_owned(), "yes"),
            false => {
                (format!("Type the account's id to inject faults in it ({account}): "), &**account)
            }
        };
        match line(&prompt).as_deref() {
            Some(answer) if answer == wanted => Ok(()),
            _ => refused("declined, nothing was changed".into()),
        }
    }
}

/// Runs a drill to its end, gives everything back, and prints its scorecard.
pub(crate) async fn finish(
    context: &Context,
    run: Ready,
    parallel: usize,
) -> Result<Exit, Failure> {
    let scored = run.drill(context, parallel).await?;
    if scored.exit == Exit::Interrupted {
        context.say(&format!(
            "drill {} was stopped and has given everything back; a new one starts from its beginning",
            scored.dir.id()
        ));
    }
    print(context, &scored)?;
    scored.stock?;
    Ok(scored.exit)
}

pub(super) fn print(context: &Context, scored: &Scored) -> Result<(), Failure> {
    let place = scored.dir.path().display().to_string();
    context.data(|look| scorecard(&scored.card, &place, look), &scored.card)
}
