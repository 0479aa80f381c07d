//! `backburn run`: plan, confirm, run.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use clap::Args;

use crate::{playbook::types, program::planfile::PlanFile, report};

use super::{
    Context, Exit, Failure, held, human,
    prepare::{self, Inputs},
    serve::Serve,
    session, settings,
    sinks::Reports,
};

#[derive(Args, Debug)]
pub struct Run {
    /// Playbook
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    lead: Lead,
    /// Run exactly this plan, or refuse when the account is no longer as it was
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Build on what this other run holds; repeat for more
    #[arg(long, value_name = "RUN")]
    beside: Vec<String>,
    /// Do not ask. On AWS itself give the plan's hash (or its first 8 characters), or `--plan`
    #[arg(long, value_name = "HASH", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    yes: Option<String>,
    /// How old a plan given with `--plan` may be
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = max_age)]
    max_age: Duration,
    /// Do not ask which of the permissions the caller has
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
    /// Steps that run side by side
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub parallel: usize,
    /// Approve a step beforehand; `all` approves every one
    #[arg(long, value_name = "STEP")]
    pub approve: Vec<String>,
    /// Where nobody can be asked here, wait for `backburn approve` instead of ending
    #[arg(long)]
    pub wait_for_approval: bool,
    /// End with success although a containment is only presumed
    #[arg(long)]
    pub accept_presumed: bool,
    #[command(flatten)]
    pub serve: Serve,
}

impl Lead {
    pub fn approvals(&self) -> human::Approvals {
        human::Approvals {
            steps: self.approve.clone(),
            wait: self.wait_for_approval || self.serve.is_asked(),
        }
    }
}

impl Run {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let approved = self.plan.as_ref().map(load).transpose()?;
        if let Some(approved) = &approved {
            fresh(approved, self.max_age)?;
        }
        let page = self.lead.serve.bind().await?;
        let text = prepare::read(&self.file)?;
        let loaded = prepare::prepared(context, &name, text.clone(), &self.inputs.inputs);
        let prepared = self.reports.loaded(context, "run", &self.file, &text, loaded)?;
        drop(text);
        let run = approved.as_ref().map_or_else(prepare::new_run, |plan| plan.run.clone());
        let aws = settings::enter(context, false).await?.with_run(&run);
        let plan = prepare::plan(&prepared, &aws, &run, !self.no_probe).await;
        if let Some(approved) = &approved {
            same(approved, &plan)?;
        }
        let (plan, looked) = held::checked(context, plan, &self.beside);
        context.say(&report::plan::plan(&plan, &context.err));
        let obstacles = plan.obstacles();
        if !obstacles.is_empty() {
            self.reports.plan(context, "run", &name, &prepared, &plan)?;
            return Err(Failure::new(Exit::Refused, "the plan is refused, nothing was changed")
                .help(obstacles.join("\n        ")));
        }
        confirm(&plan, self.yes.as_deref(), approved.is_some())?;
        // Others may have begun while somebody read the plan.
        let turn = held::turn(context)?;
        held::check(context, &plan, &self.beside, &looked)?;
        let approve = self.lead.approvals();
        let (session, facts) =
            session::begin(context, &name, &prepared, &plan, aws, approve, None).await?;
        // From here on the run's directory has the plan; of a long run it is large.
        drop((turn, plan, approved));
        let live = page.map(|page| page.start(context, &session.dir));
        let exit = session
            .run(context, &prepared, facts, self.lead.parallel, self.lead.accept_presumed, true)
            .await;
        if let Some(live) = live {
            live.end(context).await;
        }
        let exit = exit?;
        self.reports.run(context, &run, &name, &prepared)?;
        Ok(exit)
    }
}

fn load(path: &PathBuf) -> Result<PlanFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::new(Exit::Usage, format!("plan {} cannot be read: {e}", path.display()))
    })?;
    let plan: PlanFile = serde_json::from_str(&text).map_err(|e| {
        Failure::new(Exit::Usage, format!("{} is not a plan: {e}", path.display()))
            .help("make one with `backburn plan FILE --out PLAN`")
    })?;
    if ulid::Ulid::from_string(&plan.run).is_err() || !plan.is_intact() {
        return Err(Failure::new(
            Exit::Refused,
            format!("{} was changed after it was made: its hash does not fit", path.display()),
        )
        .help("make a new plan, and have that one approved"));
    }
    Ok(plan)
}

/// What was approved was approved of an account as it was then.
fn fresh(plan: &PlanFile, max_age: Duration) -> Result<(), Failure> {
    let age = plan.age(jiff::Timestamp::now());
    if age <= max_age {
        return Ok(());
    }
    let (age, most) = (report::look::time(age), report::look::time(max_age));
    Err(Failure::new(
        Exit::Refused,
        format!(
            "the plan was made at {}, {age} away, and may be {most} old; nothing was changed",
            plan.created
        ),
    )
    .help("make a new plan and have that one approved, or say with `--max-age` how old it may be"))
}

fn same(approved: &PlanFile, now: &PlanFile) -> Result<(), Failure> {
    if approved.sha256 == now.sha256 {
        return Ok(());
    }
    let differences = approved.differences(now);
    Err(Failure::new(
        Exit::Drift,
        format!(
            "this is no longer the approved plan, nothing was changed:\n       {}",
            differences.join("\n       ")
        ),
    )
    .help("look at a new plan, and have that one approved"))
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
                "`--yes` alone does not say which plan it means; give `--yes={}` or `--plan`",
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
    match human::line(&prompt).as_deref() {
        Some("yes") => Ok(()),
        _ => refused("declined, nothing was changed".into()),
    }
}
