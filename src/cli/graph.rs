//! `backburn graph`: the steps of a playbook as mermaid or dot.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    conduct::{Sources, checked, read},
    program::{dot, mermaid},
};

use super::{Context, Exit, Failure};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Mermaid,
    Dot,
}

#[derive(Args, Debug)]
pub(super) struct Graph {
    /// Playbook or simulation
    file: PathBuf,
    /// Form of the drawing
    #[arg(long, default_value = "mermaid")]
    format: Format,
}

impl Graph {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let found =
            checked(context, &name, &read(&self.file)?, Sources::Beside(&self.file))?.checked;
        let Some(program) = found.program else {
            return Err(Failure::new(Exit::Internal, format!("{name} has no program")));
        };
        let steps: Vec<_> = program
            .nodes()
            .map(|node| {
                let needs: Vec<_> = program
                    .dependencies(&node.id)
                    .iter()
                    .map(|(need, _)| need.id.clone())
                    .collect();
                json!({ "id": node.id, "uses": node.uses, "phase": node.phase, "needs": needs })
            })
            .collect();
        let critical: Vec<_> = program.critical_path(|_| 1).iter().map(|node| &node.id).collect();
        let json = json!({ "steps": steps, "critical-path": critical });
        let text = match self.format {
            Format::Mermaid => mermaid(&program),
            Format::Dot => dot(&program),
        };
        context.data(|_| text, &json)?;
        Ok(Exit::Ok)
    }
}
