//! `backburn schema`: the JSON Schema of playbooks, simulations or the configuration, with every action's inputs.

use clap::{Args, ValueEnum};

use crate::{actions::catalogue, config, drill, playbook};

use super::{Context, Exit, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Playbook,
    Simulation,
    Config,
}

#[derive(Args, Debug)]
pub(super) struct Schema {
    /// What the schema describes
    #[arg(long, value_name = "KIND", default_value = "playbook")]
    kind: Kind,
}

impl Schema {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::catalogue();
        let schema = match self.kind {
            Kind::Playbook => playbook::schema::json_schema(&catalogue),
            Kind::Config => config::json_schema(),
            Kind::Simulation => drill::schema::json_schema(&catalogue),
        };
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print_json(&(text + "\n"))?;
        Ok(Exit::Ok)
    }
}
