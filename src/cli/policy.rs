//! `backburn policy`: the least-privilege IAM policies of a playbook, to run it and to release it.

use std::path::PathBuf;

use clap::Args;

use crate::{
    actions::policy::{Fill, Kept, policies, too_large},
    conduct::{Sources, checked, read},
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub struct Policy {
    /// Playbook or simulation
    file: PathBuf,
    /// Print the policy for `release` instead of the one to run
    #[arg(long)]
    release: bool,
    /// Account id for the ARNs; any when left out
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

impl Policy {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let compiled = checked(context, &name, &read(&self.file)?, Sources::Beside(&self.file))?;
        let kept = if compiled.outline.is_some() { Kept::Nothing } else { Kept::Evidence };
        let program = compiled
            .checked
            .program
            .ok_or_else(|| Failure::new(Exit::Internal, format!("{name} has no program")))?;
        let fill =
            Fill { account: self.account.as_deref(), region: context.global.region.as_deref() };
        let actions = program.nodes().map(|node| node.uses.as_str());
        let both = policies(actions, kept, fill).map_err(|names| {
            Failure::new(Exit::Internal, format!("unknown actions: {}", names.join(", ")))
        })?;
        let policy = if self.release { both.release } else { both.run };
        if let Some(warning) = too_large(&policy) {
            context.say(&format!("warning: {warning}"));
        }
        let text = serde_json::to_string_pretty(&policy)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print(&(text + "\n"))?;
        Ok(Exit::Ok)
    }
}
