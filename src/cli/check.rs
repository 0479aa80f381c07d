//! `backburn check`: every mistake of every file.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::program::{Checked, Program};

use super::{
    Context, Exit, Failure, prepare,
    sinks::{Reports, every},
};

#[derive(Args, Debug)]
pub struct Check {
    /// Playbooks and simulations
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

impl Check {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (mut text, mut found, mut bad) = (String::new(), Vec::new(), false);
        let mut checked = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let all = every(path, &prepare::read(path)?);
            for checked in &all {
                if let Value::Array(diagnostics) = checked.to_json() {
                    found.extend(diagnostics);
                }
                text.push_str(&checked.render(context.out.color, context.out.width));
            }
            if all.iter().any(Checked::has_errors) {
                bad = true;
            } else {
                let steps = all.first().and_then(|checked| checked.program.as_ref());
                text.push_str(&format!(
                    "{name}: ok, {}\n",
                    crate::report::plan::plural(steps.map_or(0, Program::len), "step")
                ));
            }
            checked.extend(all);
        }
        self.reports.checked(context, &checked)?;
        context.data(|_| text, &json!({ "ok": !bad, "diagnostics": found }))?;
        Ok(if bad { Exit::Invalid } else { Exit::Ok })
    }
}
