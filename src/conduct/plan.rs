//! From a playbook that was loaded to a plan in an account, and whether that plan may be run. Reads
//! only.

use std::{path::Path, sync::Arc, time::Duration};

use futures::FutureExt;

use crate::{
    aws::Aws,
    drill::Outline,
    journal::InLab,
    lab,
    program::{planfile::PlanFile, prepare::Prepared},
    report::look,
};

use super::{Context, Exit, Failure, Loaded, access, held};

/// How a plan is made.
#[derive(Debug, Default)]
pub struct Planning {
    /// The plan that somebody approved: this one must be the same.
    pub approved: Option<PlanFile>,
    /// The account must be one that drills may run in.
    pub drill: bool,
    /// Do not probe which permissions the caller has.
    pub no_probe: bool,
    /// Other runs of this home that this one builds on, by id or a prefix of it. The empty prefix
    /// means every one.
    pub beside: Vec<String>,
}

/// What a run would do now.
pub struct Planned {
    pub name: String,
    pub prepared: Arc<Prepared>,
    pub outline: Option<Outline>,
    pub plan: PlanFile,
    /// The account that it was made in, marked with the run.
    pub aws: Aws,
    pub(super) beside: Vec<String>,
    pub(super) looked: held::Looked,
}

impl Loaded {
    /// Reaches the account that the context is for, and plans there.
    ///
    /// # Errors
    /// The account cannot be reached or is refused by the configuration; the plan is not the approved
    /// one any more. What stands against the plan itself is in it.
    pub async fn plan(self, context: &Context, planning: Planning) -> Result<Planned, Failure> {
        let aws = access::enter(context, planning.drill).await?;
        self.plan_in(context, aws, planning).await
    }

    /// Plans in an account that was reached already.
    ///
    /// # Errors
    /// The plan is not the approved one any more.
    pub async fn plan_in(
        self,
        context: &Context,
        aws: Aws,
        planning: Planning,
    ) -> Result<Planned, Failure> {
        let Planning { approved, no_probe, beside, .. } = planning;
        let run = approved.as_ref().map_or_else(new_run, |plan| plan.run.clone());
        let aws = aws.with_run(&run);
        let plan = marked(&self.prepared, &aws, &run, !no_probe).await;
        if let Some(approved) = &approved {
            same(approved, &plan)?;
        }
        let (plan, looked) = held::checked(context, plan, &beside);
        let Self { name, prepared, outline } = self;
        Ok(Planned { name, prepared, outline, plan, aws, beside, looked })
    }
}

impl Planned {
    /// Why it cannot be run as it is.
    ///
    /// # Errors
    /// Something stands against the plan.
    pub fn refused(&self) -> Result<(), Failure> {
        let obstacles = self.plan.obstacles();
        if obstacles.is_empty() {
            return Ok(());
        }
        let what = if self.outline.is_some() { "drill" } else { "plan" };
        Err(Failure::new(Exit::Refused, format!("the {what} is refused, nothing was changed"))
            .help(obstacles.join("\n        ")))
    }
}

fn new_run() -> String {
    ulid::Ulid::generate().to_string()
}

/// The plan, marked with the lab where the endpoint is one.
async fn marked(prepared: &Prepared, aws: &Aws, run: &str, probe: bool) -> PlanFile {
    let behind = async {
        let endpoint = aws.endpoint().filter(|_| aws.is_local())?;
        lab::behind(endpoint).await
    };
    let (mut plan, lab) = tokio::join!(prepared.plan_with(aws, run, probe).boxed(), behind);
    plan.lab =
        lab.map(|lab::Behind { upstream, clock, stand_ins }| InLab { upstream, clock, stand_ins });
    plan
}

/// A plan that was kept to be approved.
///
/// # Errors
/// It cannot be read, was changed, or is older than `max_age`.
pub fn approved(path: &Path, max_age: Duration) -> Result<PlanFile, Failure> {
    let plan = kept(path)?;
    fresh(&plan, max_age)?;
    Ok(plan)
}

fn kept(path: &Path) -> Result<PlanFile, Failure> {
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
            format!("{} was changed after it was made: its hash does not match", path.display()),
        )
        .help("make a new plan and have it approved"));
    }
    Ok(plan)
}

/// An approval applies to the account as it was at that time.
fn fresh(plan: &PlanFile, max_age: Duration) -> Result<(), Failure> {
    let age = plan.age(jiff::Timestamp::now());
    if age <= max_age {
        return Ok(());
    }
    let (age, most) = (look::time(age), look::time(max_age));
    Err(Failure::new(
        Exit::Refused,
        format!(
            "the plan was made at {}, {age} ago, and may be at most {most} old; nothing was changed",
            plan.created
        ),
    )
    .help("make a new plan and have it approved, or allow older plans with `--max-age`"))
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
    .help("review a new plan and have it approved"))
}
