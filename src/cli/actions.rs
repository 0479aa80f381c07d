//! `backburn actions`: the catalogue, or the reference page of one action.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    actions::{Entry, catalogue, reference},
    report::look,
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Actions {
    /// Show this action's inputs, outputs, permissions and what release does
    name: Option<String>,
    /// Print the whole reference as markdown
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

impl Actions {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.markdown {
            context.print(&reference::markdown())?;
            return Ok(Exit::Ok);
        }
        match &self.name {
            None => {
                let rows: Vec<_> = catalogue::ALL
                    .iter()
                    .map(|entry| {
                        let spec = entry.spec;
                        vec![spec.name.into(), spec.phase.to_string(), spec.summary.into()]
                    })
                    .collect();
                let all: Vec<_> = catalogue::ALL.iter().map(data).collect();
                context.data(|_| look::table(&rows), &all)?;
            }
            Some(name) => {
                let entry = catalogue::find(name).ok_or_else(|| unknown(name))?;
                context.data(|_| reference::terminal(entry), &data(entry))?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn unknown(name: &str) -> Failure {
    let names = catalogue::ALL.iter().map(|entry| entry.spec.name);
    let help = crate::playbook::did_you_mean(name, names, "the actions are");
    Failure::new(Exit::Usage, format!("there is no action `{name}`")).help(help)
}

fn data(entry: &Entry) -> Value {
    let spec = entry.spec;
    json!({
        "name": spec.name,
        "summary": spec.summary,
        "phase": spec.phase,
        "contains": spec.contains,
        "irreversible": spec.irreversible,
        "inputs": (entry.inputs)(),
        "outputs": (entry.outputs)(),
    })
}
