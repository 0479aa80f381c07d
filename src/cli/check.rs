//! `backburn check`: every mistake of every file.

use std::{
    path::{Path, PathBuf},
    string::FromUtf8Error,
};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    actions::catalogue,
    drill,
    playbook::{Catalogue, diagnostic::Diagnostic},
    program::{Checked, Program},
    report::plan::plural,
    text::line,
};

use super::{
    Context, Exit, Failure,
    sinks::{Reports, every},
};

#[derive(Args, Debug)]
pub(super) struct Check {
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
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::catalogue();
        let (mut text, mut found, mut bad) = (String::new(), Vec::new(), false);
        let mut missing = None;
        let mut checked = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let all = match drill::named(path).map(String::from_utf8) {
                Ok(Ok(source)) => self.one(path, &source, &catalogue),
                Ok(Err(error)) => vec![not_text(&name, &error)],
                // Whoever named it wanted another file: the rest is still told.
                Err(error) => {
                    missing.get_or_insert_with(|| unread(&name, &error));
                    continue;
                }
            };
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
                line!(text, "{name}: ok, {}", plural(steps.map_or(0, Program::len), "step"));
            }
            checked.extend(all);
        }
        self.reports.checked(context, &checked)?;
        let ok = !bad && missing.is_none();
        context.data(|_| text, &json!({ "ok": ok, "diagnostics": found }))?;
        match missing {
            Some(failure) => Err(failure),
            None => Ok(if bad { Exit::Invalid } else { Exit::Ok }),
        }
    }

    fn one(&self, path: &Path, source: &str, catalogue: &Catalogue) -> Vec<Checked> {
        let mut all = every(path, source, catalogue);
        // A drill acts on what it made itself; its response is a playbook like any other.
        for checked in all.iter_mut().skip(usize::from(drill::is_simulation(source))) {
            checked.lint(catalogue, self.deny.contains(&Deny::Hazards));
        }
        all
    }
}

fn unread(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{name} cannot be read: {error}"))
}

/// A file that is no text: one problem of its own, at the first byte that cannot be read.
fn not_text(name: &str, error: &FromUtf8Error) -> Checked {
    let (bytes, at) = (error.as_bytes(), error.utf8_error().valid_up_to());
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    // Everything before it is as it is in the file, so that the place fits.
    let text = String::from_utf8_lossy(bytes).into_owned();
    let wrong = format!("the file is not UTF-8 text: byte 0x{byte:02x} on line {line}");
    let problem = Diagnostic::error("playbook::syntax", wrong)
        .label(at..at + char::REPLACEMENT_CHARACTER.len_utf8(), "this byte")
        .help("save it as UTF-8");
    Checked { name: name.into(), text, playbook: None, program: None, diagnostics: vec![problem] }
}
