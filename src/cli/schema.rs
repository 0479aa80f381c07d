//! `backburn schema`: the JSON Schema of playbooks with every action's inputs.

use clap::Args;

use crate::{actions::catalogue, playbook::schema::json_schema};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub struct Schema {}

impl Schema {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let schema = json_schema(&catalogue::catalogue());
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print(&(text + "\n"))?;
        Ok(Exit::Ok)
    }
}
