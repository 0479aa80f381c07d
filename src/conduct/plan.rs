//! From a playbook that was loaded to a plan in an account, and whether that plan may be run. Reads
//! only.

use std::{path::Path, sync::Arc, time::Duration};

use futures::FutureExt;
use serde_json::Value;

use crate::{
    aws::Aws,
    drill::Outline,
    journal::{self, InLab},
    lab,
    playbook::suggest::did_you_mean,
    program::{
        planfile::PlanFile,
        prepare::{Asked, Prepared, sources_sha256},
    },
    report::look,
};

use super::{Context, Exit, Failure, Loaded, access, held, key};

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
    /// Steps to leave out, by id.
    pub skip: Vec<String>,
}

/// What a run would do now.
pub struct Planned {
    /// The name of the file.
    pub name: String,
    /// The program with its inputs.
    pub prepared: Arc<Prepared>,
    /// Of a drill: its parts.
    pub outline: Option<Outline>,
    /// What would be done.
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
    /// The plan is not the approved one any more; there is no such step as one that is to be left out.
    pub async fn plan_in(
        self,
        context: &Context,
        aws: Aws,
        planning: Planning,
    ) -> Result<Planned, Failure> {
        let Planning { approved, no_probe, beside, skip, .. } = planning;
        let skip = self.left_out(approved.as_ref().map_or(skip, |plan| plan.skip.clone()))?;
        let run = approved.as_ref().map_or_else(new_run, |plan| plan.run.clone());
        let aws = aws.with_run(&run);
        let commitment = approved.as_ref().and_then(|plan| plan.commitment.as_ref());
        let salt = match commitment.and_then(|commitment| commitment.salt.clone()) {
            Some(salt) => salt,
            None => salt_of(&self.prepared)?,
        };
        let asked = Asked { probe: !no_probe, salt: &salt, skip: &skip };
        let mut plan = marked(&self.prepared, &aws, &run, asked).await;
        let used = context.configuration().file.as_ref();
        plan.configuration = used.map(|(path, _)| path.display().to_string());
        if let Some(approved) = &approved {
            same(approved, &plan)?;
        }
        let (plan, looked) = held::checked(context, plan, &beside);
        let Self { name, prepared, outline } = self;
        Ok(Planned { name, prepared, outline, plan, aws, beside, looked })
    }

    /// The steps to leave out, sorted.
    fn left_out(&self, mut skip: Vec<String>) -> Result<Vec<String>, Failure> {
        skip.sort();
        skip.dedup();
        if !skip.is_empty() && self.outline.is_some() {
            let text = "a drill is run whole: what it proves would be unknown without a step";
            return Err(Failure::new(Exit::Usage, text)
                .help("take the step out of the simulation; nothing was changed"));
        }
        let program = &self.prepared.program;
        let Some(unknown) = skip.iter().find(|id| program.get(id).is_none()) else {
            return Ok(skip);
        };
        let ids: Vec<&str> = program.nodes().map(|node| node.id.as_str()).collect();
        Err(Failure::new(
            Exit::Usage,
            format!(
                "`--skip {unknown}`: there is no such step in {}; nothing was changed",
                self.name
            ),
        )
        .help(did_you_mean(unknown, ids.iter().copied(), "its steps are")))
    }
}

impl Planned {
    /// Why nothing of it can be run. Refused steps alone do not keep the others of a playbook from
    /// running; a drill is run whole.
    ///
    /// # Errors
    /// Something stands against the plan.
    pub fn refused(&self) -> Result<(), Failure> {
        let obstacles = match self.outline {
            Some(_) => self.plan.obstacles(),
            None => self.plan.refused(),
        };
        if obstacles.is_empty() {
            return Ok(());
        }
        let what = if self.outline.is_some() { "drill" } else { "plan" };
        Err(Failure::new(Exit::Refused, format!("the {what} is refused, nothing was changed"))
            .help(obstacles.join("\n        ")))
    }
}

/// Without sensitive inputs there is nothing to bind a plan to, and no key is needed.
fn salt_of(prepared: &Prepared) -> Result<String, Failure> {
    match prepared.sensitive_inputs().is_empty() {
        true => Ok(String::new()),
        false => key::salt(&sources_sha256(&prepared.text, &prepared.files)),
    }
}

fn new_run() -> String {
    ulid::Ulid::generate().to_string()
}

/// The plan, marked with the lab where the endpoint is one.
async fn marked(prepared: &Prepared, aws: &Aws, run: &str, asked: Asked<'_>) -> PlanFile {
    let behind = async {
        let endpoint = aws.endpoint().filter(|_| aws.is_local())?;
        lab::behind(endpoint).await
    };
    let (mut plan, lab) = tokio::join!(prepared.plan(aws, run, asked).boxed(), behind);
    plan.lab =
        lab.map(|lab::Behind { upstream, clock, stand_ins }| InLab { upstream, clock, stand_ins });
    plan
}

/// A plan that was kept to be approved, and whether this user's key signed it: otherwise its age is what its file
/// says.
///
/// # Errors
/// It cannot be read, was changed, or is older than `max_age`.
pub(crate) fn approved(
    context: &Context,
    path: &Path,
    max_age: Duration,
) -> Result<(PlanFile, bool), Failure> {
    let (plan, mac) = kept(path)?;
    fresh(&plan, max_age)?;
    let is_own = context
        .seal()?
        .zip(mac)
        .is_some_and(|(seal, mac)| seal.has_signed(SAVED, &signed(&plan), &mac));
    Ok((plan, is_own))
}

/// What a saved plan is signed as.
const SAVED: &str = "saved plan";

/// What the hash of a plan leaves out and an approval goes by: when it was made, and for which run.
fn signed(plan: &PlanFile) -> Vec<u8> {
    format!("{} {} {}", plan.created, plan.run, plan.sha256).into_bytes()
}

/// Keeps a plan to be approved, for its owner alone and signed where this user has a key.
///
/// # Errors
/// The disk refuses it.
pub(crate) fn save(context: &Context, path: &Path, plan: &PlanFile) -> Result<(), Failure> {
    let internal = |e: serde_json::Error| Failure::new(Exit::Internal, e.to_string());
    let mut json = serde_json::to_value(plan).map_err(internal)?;
    if let Some(seal) = context.seal()? {
        json["mac"] = seal.sign(SAVED, &signed(plan)).into();
    }
    let text = serde_json::to_string_pretty(&json).map_err(internal)?;
    journal::write_private(path, (text + "\n").as_bytes()).map_err(Failure::at(path))
}

fn kept(path: &Path) -> Result<(PlanFile, Option<String>), Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::new(Exit::Usage, format!("plan {} cannot be read: {e}", path.display()))
    })?;
    let no_plan = |e: serde_json::Error| {
        Failure::new(Exit::Usage, format!("{} is not a plan: {e}", path.display()))
            .help("make one with `backburn plan FILE --out PLAN`")
    };
    let json: Value = serde_json::from_str(&text).map_err(no_plan)?;
    let mac = json.get("mac").and_then(Value::as_str).map(str::to_owned);
    let plan: PlanFile = serde_json::from_value(json).map_err(no_plan)?;
    if ulid::Ulid::from_string(&plan.run).is_err() || !plan.is_intact() {
        return Err(Failure::new(
            Exit::Refused,
            format!("{} was changed after it was made: its hash does not match", path.display()),
        )
        .help("make a new plan and have it approved"));
    }
    Ok((plan, mac))
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
        "this is no longer the approved plan, nothing was changed:\n       ".to_owned()
            + &differences.join("\n       "),
    )
    .help("review a new plan and have it approved"))
}
