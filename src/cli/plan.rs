//! `backburn plan`: what a run would change, and its hash.

use std::path::PathBuf;

use clap::Args;

use crate::{
    conduct::{Loaded, Planning, Sources, read},
    report,
};

use super::{Context, Exit, Failure, inputs::Inputs, sinks::Reports};

#[derive(Args, Debug)]
pub struct Plan {
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
    #[command(flatten)]
    reports: Reports,
}

impl Plan {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let text = read(&self.file)?;
        let sources = Sources::Beside(&self.file);
        let loaded = Loaded::text(context, &name, text.clone(), sources, &self.inputs.inputs);
        let loaded = self.reports.loaded(context, "plan", &self.file, &text, loaded)?;
        let (no_probe, beside) = (self.no_probe, self.beside);
        let planning = Planning { no_probe, beside, ..Planning::default() };
        let planned = loaded.plan(context, planning).await?;
        let plan = &planned.plan;
        if let Some(out) = &self.out {
            let json = serde_json::to_string_pretty(plan)
                .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
            std::fs::write(out, json + "\n").map_err(Failure::at(out))?;
        }
        self.reports.plan(context, "plan", &name, &planned.prepared, plan)?;
        context.data(|look| report::plan::plan(plan, look), plan)?;
        Ok(if plan.obstacles().is_empty() { Exit::Ok } else { Exit::Refused })
    }
}
