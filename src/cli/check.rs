//! `backburn check`: every mistake of every file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    actions::catalogue,
    conduct::read,
    drill,
    program::{Checked, Program},
};

use super::{
    Context, Exit, Failure,
    sinks::{Reports, every},
};

#[derive(Args, Debug)]
pub struct Check {
    /// Playbooks and simulations
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Treat warnings of this kind as errors
    #[arg(long, value_name = "KIND")]
    deny: Vec<Deny>,
    #[command(flatten)]
    reports: Reports,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Things that are legal in a playbook but go wrong in an incident
    Hazards,
}

impl Check {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::catalogue();
        let (mut text, mut found, mut bad) = (String::new(), Vec::new(), false);
        let mut checked = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let source = read(path)?;
            let mut all = every(path, &source, &catalogue);
            // A drill acts on what it made itself; its response is a playbook like any other.
            for checked in all.iter_mut().skip(usize::from(drill::is_simulation(&source))) {
                checked.lint(&catalogue, self.deny.contains(&Deny::Hazards));
            }
            for checked in &all {
                // Only one of the forms is printed.
                if !context.json() {
                    text.push_str(&checked.render(context.out.color, context.out.width));
                } else if let Value::Array(diagnostics) = checked.to_json() {
                    found.extend(diagnostics);
                }
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
