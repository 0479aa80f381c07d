//! `backburn run`: plan, confirm, run.

use std::{io::IsTerminal, mem::take, path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    conduct::{Approvals, Ended, Loaded, Planning, Ready, approved, read, telling},
    playbook::types,
    program::planfile::PlanFile,
    report::{self, summary},
};

use super::{Context, Exit, Failure, inputs::Inputs, serve::Serve, sinks::Reports, terminal::line};

#[derive(Args, Debug)]
pub struct Run {
    /// Playbook
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    lead: Lead,
    /// Run exactly this plan, or refuse if the account has changed since
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Build on what this other run holds; repeatable
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    /// Do not ask for confirmation. On AWS itself, give the plan's hash (or its first 8 characters), or `--plan`
    #[arg(long, value_name = "HASH", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    yes: Option<String>,
    /// Maximum age of a plan given with `--plan`
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = max_age)]
    max_age: Duration,
    /// Do not probe which permissions the caller has
    #[arg(long)]
    no_probe: bool,
    #[command(flatten)]
    reports: Reports,
}

fn max_age(text: &str) -> Result<Duration, String> {
    match text.parse::<types::Duration>() {
        Ok(time) if !time.is_placeholder() => Ok(time.as_std()),
        Ok(_) => Err("write it like `15m`".into()),
        Err(e) => Err(e.to_string()),
    }
}

/// How a run is led; shared with `resume`.
#[derive(Args, Clone, Debug)]
pub struct Lead {
    /// Maximum number of steps that run concurrently
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub parallel: usize,
    /// Approve a step beforehand; `all` approves every one
    #[arg(long, value_name = "STEP")]
    pub approve: Vec<String>,
    /// If nobody can be asked here, wait for `backburn approve` instead of exiting
    #[arg(long)]
    pub wait_for_approval: bool,
    /// Exit successfully even if a containment is only presumed
    #[arg(long)]
    pub accept_presumed: bool,
    #[command(flatten)]
    pub serve: Serve,
}

impl Lead {
    pub fn approvals(&self) -> Approvals {
        Approvals {
            steps: self.approve.clone(),
            wait: self.wait_for_approval || self.serve.is_asked(),
        }
    }
}

impl Run {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let approved = self.plan.as_ref().map(|plan| approved(plan, self.max_age)).transpose()?;
        let planned = approved.is_some();
        let page = self.lead.serve.bind().await?;
        let text = read(&self.file)?;
        let loaded = Loaded::playbook(context, &name, text.clone(), &self.inputs.inputs);
        let loaded = self.reports.loaded(context, "run", &self.file, &text, loaded)?;
        drop(text);
        let (no_probe, beside) = (self.no_probe, self.beside);
        let planning = Planning { approved, no_probe, beside, ..Planning::default() };
        let plan = loaded.plan(context, planning).await?;
        context.say(&report::plan::plan(&plan.plan, &context.err));
        if let Err(refused) = plan.refused() {
            self.reports.plan(context, "run", &name, &plan.prepared, &plan.plan)?;
            return Err(refused);
        }
        confirm(&plan.plan, self.yes.as_deref(), planned)?;
        let run = plan.begin(context, self.lead.approvals()).await?;
        let (id, prepared) = (run.dir().id().to_owned(), run.prepared.clone());
        let live = page.map(|page| page.start(context, run.dir()));
        let exit = finish(context, run, &self.lead).await;
        if let Some(live) = live {
            live.end(context).await;
        }
        let exit = exit?;
        self.reports.run(context, &id, &name, &prepared)?;
        Ok(exit)
    }
}

/// Runs or resumes to the end, and prints what came of it.
pub async fn finish(context: &Context, run: Ready, lead: &Lead) -> Result<Exit, Failure> {
    let ended = run.run(lead.parallel, lead.accept_presumed).await?;
    close(context, ended, true).await
}

/// Closes a run and prints, unless told otherwise, what came of it.
pub async fn close(context: &Context, mut ended: Ended, print: bool) -> Result<Exit, Failure> {
    let (dir, exit) = (ended.dir().clone(), ended.exit);
    let (released, told) = (take(&mut ended.released), take(&mut ended.told));
    let place = dir.path().display().to_string();
    let mut json = summary::run_json(dir.id(), &ended.end, &ended.ledger, &place);
    let mut text = summary::run(dir.id(), &ended.end, &ended.ledger, &place, &context.out);
    text.push_str(&telling::summary(&told));
    if !released.is_empty() {
        text.push_str(&summary::release(dir.id(), &released, &context.out));
    }
    let closed = ended.close().await?;
    json["head"] = closed.head.clone().into();
    if !released.is_empty() {
        json["released"] = serde_json::to_value(&released).unwrap_or_default();
    }
    if !told.is_empty() {
        json["notifications"] = telling::json(&told);
    }
    if print {
        context.data(|look| text + &summary::head(dir.id(), &closed.head, look), &json)?;
    }
    closed.stock?;
    Ok(exit)
}

/// An explicit yes, bound to the plan's hash on AWS itself.
fn confirm(plan: &PlanFile, yes: Option<&str>, planned: bool) -> Result<(), Failure> {
    let hash = &plan.sha256;
    let local = plan.local;
    let refused = |message: String| Err(Failure::new(Exit::Refused, message));
    match yes {
        Some("") if local || planned => return Ok(()),
        Some("") => {
            return refused(format!(
                "`--yes` alone does not confirm a particular plan; give `--yes={}` or `--plan`",
                &hash[..12]
            ));
        }
        Some(given) if given.len() >= 8 && hash.starts_with(&given.to_lowercase()) => return Ok(()),
        Some(given) => return refused(format!("`--yes={given}` is not this plan's hash {hash}")),
        None => {}
    }
    if !std::io::stdin().is_terminal() {
        return refused(
            "nobody can be asked, and `--yes` was not given; nothing was changed".into(),
        );
    }
    let prompt =
        format!("Type `yes` to run plan {} in account {}: ", &hash[..12], plan.scope.account);
    match line(&prompt).as_deref() {
        Some("yes") => Ok(()),
        _ => refused("declined, nothing was changed".into()),
    }
}
