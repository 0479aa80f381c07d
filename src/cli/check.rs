//! `backburn check`: every mistake of every file.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::{actions::catalogue, program::check};

use super::{Context, Exit, Failure, prepare};

#[derive(Args, Debug)]
pub struct Check {
    /// Playbooks
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Check {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::catalogue();
        let (mut text, mut found, mut bad) = (String::new(), Vec::new(), false);
        for path in &self.files {
            let name = path.display().to_string();
            let checked = check(&name, &prepare::read(path)?, &catalogue);
            bad |= checked.has_errors();
            if let Value::Array(diagnostics) = checked.to_json() {
                found.extend(diagnostics);
            }
            text.push_str(&checked.render(context.out.color, context.out.width));
            if !checked.has_errors() {
                let steps = checked.program.as_ref().map_or(0, |program| program.len());
                text.push_str(&format!(
                    "{name}: ok, {}\n",
                    crate::report::plan::plural(steps, "step")
                ));
            }
        }
        context.data(|_| text, &json!({ "ok": !bad, "diagnostics": found }))?;
        Ok(if bad { Exit::Invalid } else { Exit::Ok })
    }
}
