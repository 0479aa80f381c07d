//! `backburn run`: plan, confirm, run.

use std::{mem::take, path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    conduct::{Approvals, Ended, Loaded, Planning, Ready, approved, read, telling},
    journal::RunStatus,
    playbook::types,
    report::{self, plan::plural, summary},
    text::argument,
};

use super::{
    Context, Exit, Failure, beforehand::Beforehand, confirm::Asked, inputs::Inputs, serve::Serve,
    sinks::Reports,
};

#[derive(Args, Debug)]
pub(super) struct Run {
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
    /// Leave a step out; repeatable. A saved plan says itself what it leaves out
    #[arg(long, value_name = "STEP", conflicts_with = "plan")]
    skip: Vec<String>,
    /// Do not ask for confirmation. On AWS itself, give the plan's hash (or its first 32 digits), or `--plan`
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
pub(super) struct Lead {
    /// Maximum number of steps that run concurrently
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub parallel: usize,
    #[command(flatten)]
    pub beforehand: Beforehand,
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
    pub(super) fn approvals(&self) -> Approvals {
        self.beforehand.approvals(self.wait_for_approval || self.serve.is_asked())
    }
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let approved = self.plan.as_ref().map(|plan| approved(context, plan, self.max_age));
        let (approved, is_own) = approved.transpose()?.unzip();
        let planned = is_own == Some(true);
        if is_own == Some(false) {
            context.say("this user's key did not sign the plan: how old it is is only what its file says, and `--yes` has to name its hash");
        }
        let page = self.lead.serve.bind().await?;
        let text = read(&self.file)?;
        let given = &self.inputs.inputs;
        let loaded = Loaded::playbook(context, &name, text.clone(), given).await;
        let loaded = self.reports.loaded(context, "run", &self.file, &text, loaded)?;
        drop(text);
        let (no_probe, beside, skip) = (self.no_probe, self.beside, self.skip);
        let planning = Planning { approved, no_probe, beside, skip, ..Planning::default() };
        let plan = loaded.plan(context, planning).await?;
        context.show(&report::plan::plan(&plan.plan, &context.err));
        if let Err(refused) = plan.refused() {
            self.reports.plan(context, "run", &name, &plan.prepared, &plan.plan)?;
            return Err(refused);
        }
        let what = match plan.plan.counts().refused {
            0 => "run plan".to_owned(),
            count => {
                let refused = plural(count, "step");
                format!("run, without the {refused} that {} refused, plan", are(count))
            }
        };
        let asked = Asked {
            what: &what,
            hash: &plan.plan.sha256,
            account: &plan.plan.scope.account,
            local: plan.plan.local,
            command: &format!("backburn run {} …", argument(&self.file)),
            other: " or `--plan`",
        };
        asked.confirm(self.yes.as_deref(), planned)?;
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
pub(super) async fn finish(context: &Context, run: Ready, lead: &Lead) -> Result<Exit, Failure> {
    let ended = run.run(lead.parallel, lead.accept_presumed).await?;
    close(context, ended, lead.accept_presumed, true).await
}

/// Closes a run and prints, unless told otherwise, what came of it.
pub(super) async fn close(
    context: &Context,
    mut ended: Ended,
    accepted: bool,
    print: bool,
) -> Result<Exit, Failure> {
    let (dir, exit) = (ended.dir().clone(), ended.exit);
    let (released, told) = (take(&mut ended.released), take(&mut ended.told));
    let place = dir.path().display().to_string();
    let mut json = summary::run_json(dir.id(), &ended.end, &ended.ledger, &place);
    let mut text =
        summary::run(dir.id(), &ended.end, &ended.ledger, &place, accepted, &context.out);
    text.push_str(&telling::summary(&told));
    if !released.is_empty() {
        text.push_str(&summary::release(dir.id(), &released, &context.out));
    }
    let stopped = ended.end.status == RunStatus::Interrupted;
    let closed = ended.close().await?;
    if stopped {
        // On stderr too: who reads stdout may be gone.
        context.say(&format!(
            "run {0} was stopped, and nothing of it is under way: `backburn resume {0}` continues it, `backburn release {0}` gives back what it took",
            dir.id()
        ));
    }
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

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
