//! `backburn drill run`: plan, confirm, conduct.

use std::{io::IsTerminal, path::PathBuf};

use clap::Args;

use crate::{program::planfile::PlanFile, report};

use super::{
    super::{
        held,
        human::{self, Approvals},
        prepare::{self, Inputs, Sources},
        serve::Serve,
        session, settings,
        sinks::Reports,
    },
    Context, Exit, Failure, conduct,
};

#[derive(Args, Debug)]
pub struct Run {
    /// Simulation
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Steps that run side by side
    #[arg(long, default_value_t = 32, value_name = "N")]
    parallel: usize,
    /// Approve a step beforehand; `all` approves every one
    #[arg(long, value_name = "STEP")]
    approve: Vec<String>,
    /// Build on what this other run holds; repeat for more
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    /// Do not ask which of the permissions the caller has
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
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let page = self.serve.bind().await?;
        let text = prepare::read(&self.file)?;
        let sources = Sources::Beside(&self.file);
        let loaded = prepare::loaded(context, &name, text.clone(), sources, &self.inputs.inputs);
        let (prepared, outline) =
            self.reports.loaded(context, "drill", &self.file, &text, loaded)?;
        let Some(outline) = outline else {
            return Err(Failure::new(
                Exit::Usage,
                format!("{name} is a playbook, not a simulation"),
            )
            .help(format!("`backburn run {name}` runs it")));
        };
        let run = prepare::new_run();
        let aws = settings::enter(context, true).await?.with_run(&run);
        let plan = prepare::plan(&prepared, &aws, &run, !self.no_probe).await;
        let (plan, looked) = held::checked(context, plan, &self.beside);
        context.say(&report::plan::plan(&plan, &context.err));
        let obstacles = plan.obstacles();
        if !obstacles.is_empty() {
            self.reports.plan(context, "drill", &name, &prepared, &plan)?;
            return Err(Failure::new(Exit::Refused, "the drill is refused, nothing was changed")
                .help(obstacles.join("\n        ")));
        }
        self.confirm(context, &plan)?;
        // Others may have begun while somebody read the plan.
        let turn = held::turn(context)?;
        held::check(context, &plan, &self.beside, &looked)?;
        let approve = Approvals { steps: self.approve.clone(), wait: self.serve.is_asked() };
        let (session, facts) =
            session::begin(context, &name, &prepared, &plan, aws, approve, Some(&outline)).await?;
        drop(turn);
        let live = page.map(|page| page.start(context, &session.dir));
        let exit = conduct(context, session, &prepared, facts, &outline, self.parallel).await;
        if let Some(live) = live {
            live.end(context).await;
        }
        self.reports.run(context, &run, &name, &prepared)?;
        exit
    }

    /// On AWS the account's id, typed or given: faults in the wrong account are an incident.
    fn confirm(&self, context: &Context, plan: &PlanFile) -> Result<(), Failure> {
        let account = &plan.scope.account;
        let refused = |message: String| Err(Failure::new(Exit::Refused, message));
        let listed = |given: &str| {
            let config = context.settings().config();
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
                    "`--yes` does not say in which account to inject faults; give `--account {account}`"
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
        match human::line(&prompt).as_deref() {
            Some(answer) if answer == wanted => Ok(()),
            _ => refused("declined, nothing was changed".into()),
        }
    }
}
