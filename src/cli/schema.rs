//! `backburn schema`: the JSON Schema of playbooks or simulations with every action's inputs.

use clap::Args;

use crate::{actions::catalogue, drill, playbook};

use super::{Context, Exit, Failure, new::Kind};

#[derive(Args, Debug)]
pub struct Schema {
    /// What the schema describes
    #[arg(long, value_name = "KIND", default_value = "playbook")]
    kind: Kind,
}

impl Schema {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::catalogue();
        let schema = match self.kind {
            Kind::Playbook => playbook::schema::json_schema(&catalogue),
            Kind::Simulation => drill::schema::json_schema(&catalogue),
        };
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print(&(text + "\n"))?;
        Ok(Exit::Ok)
    }
}
