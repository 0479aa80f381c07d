//! `backburn resume`: goes on with a run where its journal ends.

use clap::Args;

use crate::{
    conduct::{
        drill,
        prepare::{self, operator},
        reconnect::{inputs, reconnect},
        session::{Frozen, Start},
    },
    engine::plan::Expected,
    journal::{Record, RunDir, RunStatus},
    program::{bind::RunFactsOwned, planfile::PlanFile, prepare::sources_sha256},
};

use super::{Context, Exit, Failure, inputs::Inputs, run::Lead};

#[derive(Args, Debug)]
pub struct Resume {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    lead: Lead,
}

impl Resume {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let page = self.lead.serve.bind().await?;
        let start = Start::of(context, &self.run)?;
        let id = start.dir.id().to_owned();
        let refuse = |why: &str| Err(Failure::new(Exit::Refused, format!("run {id} {why}")));
        if start.ledger.aborted {
            return refuse("was aborted; it can only be released");
        }
        if let Some(complete) = start.ledger.released {
            return refuse(match complete {
                true => "was released; start a new run",
                false => "is being released; `backburn release` goes on with that",
            });
        }
        // A drill that has succeeded and was killed before it was given back still is to be.
        if start.ledger.status == Some(RunStatus::Succeeded) && start.ledger.drill().is_none() {
            return refuse("has succeeded; there is nothing to go on with");
        }
        let frozen: Frozen = start.dir.read_json(RunDir::INPUTS)?;
        let plan: PlanFile = start.dir.read_json(RunDir::PLAN)?;
        let text = start.dir.read_text(RunDir::PLAYBOOK)?;
        if let Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) = &start.ledger.started
            && (sources_sha256(&text, &frozen.files) != *playbook_sha256
                || plan.sha256 != *plan_sha256
                || !plan.is_intact())
        {
            return refuse(
                "has a playbook or plan that was changed after it started; release it, or put the files back",
            );
        }
        let given = inputs(&frozen, &self.inputs.inputs)?;
        let sources = prepare::Sources::Kept(&frozen.files);
        let (prepared, outline) = prepare::loaded(context, &frozen.name, text, sources, &given)?;
        let aws = reconnect(context, &start).await?.with_run(&id);
        let aws = aws.with_belts(start.belts(&prepared));
        let expected = Expected::of(plan.planned());
        let facts = RunFactsOwned { id, started: frozen.started };
        let session =
            start.open(context, aws, prepared.secrets(), expected, self.lead.approvals())?;
        session.append(Record::Resumed { operator: operator() }).await?;
        session.introduce(context);
        let live = page.map(|page| page.start(context, &session.dir));
        let lead = &self.lead;
        let exit = match outline {
            Some(outline) => {
                drill::conduct(context, session, &prepared, facts, &outline, lead.parallel).await
            }
            None => {
                let presumed = lead.accept_presumed;
                session.run(context, &prepared, facts, lead.parallel, presumed, true).await
            }
        };
        if let Some(live) = live {
            live.end(context).await;
        }
        exit
    }
}
