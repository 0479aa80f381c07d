//! GitHub's workflow commands: annotations at lines of a pull request.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write;

use super::{Findings, Level};
use crate::text::one_line;

/// A line for each problem. GitHub shows ten of each level a step; the rest is in the summary.
pub fn annotations(findings: &Findings) -> String {
    let mut out = String::new();
    for (suite, case, problem) in findings.problems() {
        let word = match problem.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut fields = Vec::new();
        match &case.place {
            Some(place) => {
                fields.push(format!("file={}", property(&place.file)));
                fields.push(format!("line={},endLine={}", place.line, place.end_line));
                if place.line == place.end_line {
                    fields.push(format!(
                        "col={},endColumn={}",
                        place.column,
                        place.end_column.max(place.column)
                    ));
                }
            }
            None => fields.push(format!("file={}", property(&suite.file))),
        }
        fields.push(format!("title={}", property(&problem.code)));
        let mut message = match &case.place {
            Some(_) => problem.message.clone(),
            None => format!("{}: {}", case.name, problem.message),
        };
        if let Some(help) = &problem.help {
            message.push_str(&format!("\nhelp: {help}"));
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "::{word} {}::{}", fields.join(","), data(&message));
    }
    out
}

/// A message cannot end its line and begin another command; what is hidden in it is shown.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(one_line).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
