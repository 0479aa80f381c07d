//! `backburn resume`: continues a run where its journal ends.

use clap::Args;

use crate::conduct::resume;

use super::{
    Context, Exit, Failure, drill,
    inputs::Inputs,
    run::{Lead, finish},
    trusted::Trust,
};

#[derive(Args, Debug)]
pub(super) struct Resume {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    lead: Lead,
}

impl Resume {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let page = self.lead.serve.bind().await?;
        let lead = &self.lead;
        let inputs = &self.inputs.inputs;
        let run = match resume(context, &self.run, inputs, lead.approvals()).await {
            Ok(run) => run,
            Err(failure) => {
                self.trust.settle(context, &self.run, failure)?;
                resume(context, &self.run, inputs, lead.approvals()).await?
            }
        };
        let live = page.map(|page| page.start(context, run.dir()));
        let exit = match run.outline {
            Some(_) => drill::finish(context, run, lead.parallel).await,
            None => finish(context, run, lead).await,
        };
        if let Some(live) = live {
            live.end(context).await;
        }
        exit
    }
}
