//! `backburn plan`: what a run would change, and its hash.

use std::path::PathBuf;

use clap::Args;

use crate::report;

use super::{
    Context, Exit, Failure, held,
    prepare::{self, Inputs},
    settings,
    sinks::Reports,
};

#[derive(Args, Debug)]
pub struct Plan {
    /// Playbook or simulation
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Keep the plan, for `run --plan`
    #[arg(long, value_name = "PLAN")]
    out: Option<PathBuf>,
    /// Do not ask which of the permissions the caller has
    #[arg(long)]
    no_probe: bool,
    /// Build on what this other run holds; repeat for more
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    #[command(flatten)]
    reports: Reports,
}

impl Plan {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let text = prepare::read(&self.file)?;
        let sources = prepare::Sources::Beside(&self.file);
        let loaded = prepare::loaded(context, &name, text.clone(), sources, &self.inputs.inputs);
        let (prepared, _) = self.reports.loaded(context, "plan", &self.file, &text, loaded)?;
        let run = prepare::new_run();
        let aws = settings::enter(context, false).await?.with_run(&run);
        let plan = prepare::plan(&prepared, &aws, &run, !self.no_probe).await;
        let (plan, _) = held::checked(context, plan, &self.beside);
        if let Some(out) = &self.out {
            let json = serde_json::to_string_pretty(&plan)
                .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
            std::fs::write(out, json + "\n").map_err(Failure::at(out))?;
        }
        self.reports.plan(context, "plan", &name, &prepared, &plan)?;
        context.data(|look| report::plan::plan(&plan, look), &plan)?;
        Ok(if plan.obstacles().is_empty() { Exit::Ok } else { Exit::Refused })
    }
}
