//! `backburn release`: shows what it would give back, asks, and gives it back.

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{self, Exit, PlannedRelease, Released, plan_release},
    program::release_plan::ReleasePlan,
    report::{release_plan, summary},
    text::argument,
};

use super::{Context, Failure, confirm::Asked, inputs::Inputs, trusted::Trust};

#[derive(Args, Debug)]
pub(super) struct Release {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// Release only this step; repeat for more
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// Give this conflict back anyway, overwriting someone else's change; repeatable
    #[arg(long, value_name = "KIND TARGET")]
    force: Vec<String>,
    /// Only show what would be given back, kept and left alone
    #[arg(long)]
    plan: bool,
    /// Do not ask for confirmation. On AWS itself, give the hash of what `--plan` shows, or its first 32 digits
    #[arg(long, value_name = "HASH", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    yes: Option<String>,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    trust: Trust,
}

impl Release {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Self { run, step: steps, force, plan: only_show, yes, inputs, trust } = self;
        let command = command(&run, &steps, &force);
        let inputs = inputs.inputs;
        let release = conduct::Release { steps, force, inputs, discard: false };
        let planned = match plan_release(context, &run, &release).await {
            Ok(planned) => planned,
            Err(failure) => {
                trust.settle(context, &run, failure)?;
                plan_release(context, &run, &release).await?
            }
        };
        let plan = &planned.plan.clone();
        if only_show {
            context.data(|look| release_plan::text(plan, look), plan)?;
            return Ok(if plan.is_left_over() { Exit::Drift } else { Exit::Ok });
        }
        context.show(release_plan::text(plan, &context.err).trim_end());
        if plan.released {
            context.data(
                |_| String::new(),
                &json!({ "run": plan.run, "items": [], "released": true }),
            )?;
            return Ok(Exit::Ok);
        }
        // Even where nothing is written: a run that was released cannot be resumed.
        let asked = Asked {
            what: "make release",
            hash: &plan.sha256,
            account: &plan.scope.account,
            local: plan.local,
            command: &command,
            other: "",
        };
        if yes.is_some() {
            asked.confirm(yes.as_deref(), false).map_err(|failure| open(failure, plan))?;
            return made(context, planned).await;
        }
        // Whoever thinks it over must not keep others off the run: it may have to be aborted.
        drop(planned);
        asked.confirm(None, false).map_err(|failure| open(failure, plan))?;
        let planned = plan_release(context, &run, &release).await?;
        if planned.plan.sha256 != plan.sha256 {
            return Err(Failure::new(
                Exit::Drift,
                "what a release would do is not what was shown any more; nothing was changed",
            )
            .help(format!("look at it again: `{command} --plan`")));
        }
        made(context, planned).await
    }
}

/// Nothing was released, so what stands open is not closed either.
fn open(mut failure: Failure, plan: &ReleasePlan) -> Failure {
    if let Some(first) = plan.may_be_open.first() {
        failure.message += &format!("; {} may still stand open", first.place);
        let close = format!("`backburn abort {}` closes it at once", plan.run);
        failure.help = Some(match failure.help.take() {
            Some(help) => format!("{help}; {close}"),
            None => close,
        });
    }
    failure
}

/// The command as it was given, without its confirmation.
fn command(run: &str, steps: &[String], force: &[String]) -> String {
    let mut command = format!("backburn release {}", argument(run));
    for step in steps {
        command.push_str(&format!(" --step {}", argument(step)));
    }
    for conflict in force {
        command.push_str(&format!(" --force {}", argument(conflict)));
    }
    command
}

async fn made(context: &Context, planned: PlannedRelease) -> Result<Exit, Failure> {
    let released = planned.release(context).await?;
    let exit = released.exit();
    let Released { dir, items, head, scored } = released;
    let id = dir.id();
    context.data(
        |look| {
            let place = dir.path().display().to_string();
            summary::release(id, &items, look)
                + &summary::after_release(id, &items, &place, look)
                + &summary::head(id, &head, look)
        },
        &json!({ "run": id, "items": items, "head": head }),
    )?;
    scored?;
    Ok(exit)
}
