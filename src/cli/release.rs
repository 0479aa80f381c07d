//! `backburn release`: gives back what a run took, and nothing else.

use clap::Args;
use serde_json::json;

use crate::{
    engine::{
        plan::Expected,
        release::{Request, is_left_over},
    },
    journal,
    report::summary,
};

use super::{
    Context, Exit, Failure,
    prepare::{Inputs, operator},
    resume::{known, reconnect},
    session::Start,
};

#[derive(Args, Debug)]
pub struct Release {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// Release only this step; repeat for more
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// Give a conflict back all the same, overwriting someone else's change; repeat for more
    #[arg(long, value_name = "KIND TARGET")]
    force: Vec<String>,
    #[command(flatten)]
    inputs: Inputs,
}

impl Release {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let start = Start::of(context, &self.run)?;
        let dir = start.dir.clone();
        let id = dir.id().to_owned();
        for step in &self.step {
            let known = start.ledger.steps.keys();
            if !known.clone().any(|id| id == step || crate::program::prepare::parent(id) == step) {
                let known: Vec<_> = known.map(String::as_str).collect();
                return Err(Failure::new(Exit::Usage, format!("run {id} has no step `{step}`"))
                    .help(format!("its steps are {}", known.join(", "))));
            }
        }
        let aws = reconnect(context, &start).await?.with_run(&id);
        let discard = start.ledger.drill().is_some();
        let secrets = known(context, &dir, &self.inputs.inputs)?;
        let session = start.open(context, aws, secrets, Expected::default(), Vec::new())?;
        let request = Request {
            steps: (!self.step.is_empty()).then(|| self.step.clone()),
            force: self.force.clone(),
            discard,
            by: operator(),
        };
        let items = session.release(&request).await?;
        let head = journal::each(&dir.journal(), drop)?.head.hash;
        context.data(
            |look| {
                let place = dir.path().display().to_string();
                summary::release(&id, &items, look)
                    + &summary::after_release(&id, &items, &place, look)
                    + &summary::head(&id, &head, look)
            },
            &json!({ "run": id, "items": items, "head": head }),
        )?;
        if discard && self.step.is_empty() {
            super::drill::rescore(context, &dir, &items)?;
        }
        Ok(if items.iter().any(is_left_over) { Exit::Drift } else { Exit::Ok })
    }
}
