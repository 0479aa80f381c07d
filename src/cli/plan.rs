//! `backburn plan`: what a run would change, and its hash.

use std::path::PathBuf;

use clap::Args;

use crate::{
    conduct::{Loaded, Planning, Sources, read, save},
    report,
};

use super::{Context, Exit, Failure, inputs::Inputs, sinks::Reports};

#[derive(Args, Debug)]
pub(super) struct Plan {
    /// Playbook or simulation
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Save the plan for `run --plan`
    #[arg(long, value_name = "PLAN")]
    out: Option<PathBuf>,
    /// Do not probe which permissions the caller has
    #[arg(long)]
    no_probe: bool,
    /// Build on what this other run holds; repeatable
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    /// Leave a step out; repeatable
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
    /// Exit successfully if only some steps are refused, so that a run would do the others
    #[arg(long)]
    accept_refused: bool,
    #[command(flatten)]
    reports: Reports,
}

impl Plan {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let text = read(&self.file)?;
        let sources = Sources::Beside(&self.file);
        let given = &self.inputs.inputs;
        let loaded = Loaded::confided(context, &name, text.clone(), sources, given).await;
        let loaded = self.reports.loaded(context, "plan", &self.file, &text, loaded)?;
        let (no_probe, beside, skip) = (self.no_probe, self.beside, self.skip);
        let planning = Planning { no_probe, beside, skip, ..Planning::default() };
        let planned = loaded.plan(context, planning).await?;
        let plan = &planned.plan;
        if let Some(out) = &self.out {
            save(context, out, plan)?;
        }
        let plan = &plan.clone().without_salt();
        self.reports.plan(context, "plan", &name, &planned.prepared, plan)?;
        context.data(|look| report::plan::plan(plan, look), plan)?;
        let accepted = self.accept_refused && planned.refused().is_ok();
        Ok(if accepted || plan.obstacles().is_empty() { Exit::Ok } else { Exit::Refused })
    }
}
