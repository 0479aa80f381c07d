//! `backburn release`: gives back what a run took, and nothing else.

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{self, Released, release},
    report::summary,
};

use super::{Context, Exit, Failure, inputs::Inputs};

#[derive(Args, Debug)]
pub struct Release {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// Release only this step; repeat for more
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// Give this conflict back anyway, overwriting someone else's change; repeatable
    #[arg(long, value_name = "KIND TARGET")]
    force: Vec<String>,
    #[command(flatten)]
    inputs: Inputs,
}

impl Release {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Self { run, step: steps, force, inputs } = self;
        let inputs = inputs.inputs;
        let released =
            release(context, &run, conduct::Release { steps, force, inputs, discard: false })
                .await?;
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
}
