//! What a command found, for pipelines: one model, and a file for each format. Owns which cases
//! there are and where each is in its file; the formats are beside it.

pub mod codes;
mod from;
pub mod github;
pub mod junit;
mod lab_codes;
pub mod sarif;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde::Serialize;

use super::digest::{code, prose};

pub use from::{Document, of_check, of_plan, of_report};

/// What one command found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Findings {
    /// `check`, `plan`, `run`, `drill`.
    pub command: &'static str,
    /// One line on how it ended.
    pub headline: String,
    pub started: Option<jiff::Timestamp>,
    pub seconds: Option<f64>,
    pub suites: Vec<Suite>,
}

/// The cases of one playbook or simulation.
#[derive(Clone, Debug, Serialize)]
pub struct Suite {
    pub name: String,
    /// As it was given on the command line.
    pub file: String,
    pub seconds: Option<f64>,
    pub properties: Vec<(String, String)>,
    pub cases: Vec<Case>,
}

/// A step, a verdict, an objective; in `check`, a problem or a file without one.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    pub name: String,
    pub seconds: Option<f64>,
    pub place: Option<Place>,
    pub result: Result,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Result {
    Passed,
    Skipped { why: String },
    Found(Problem),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Error,
    Warning,
    Note,
}

#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    pub level: Level,
    /// `backburn explain CODE` prints its page.
    pub code: String,
    pub message: String,
    pub help: Option<String>,
}

/// Lines and columns begin at 1; columns count characters, the end is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

impl Findings {
    /// Each problem with its suite and case.
    pub fn problems(&self) -> impl Iterator<Item = (&Suite, &Case, &Problem)> {
        self.suites.iter().flat_map(|suite| {
            suite.cases.iter().filter_map(move |case| match &case.result {
                Result::Found(problem) => Some((suite, case, problem)),
                _ => None,
            })
        })
    }

    pub fn count(&self, level: Level) -> usize {
        self.problems().filter(|(_, _, problem)| problem.level == level).count()
    }

    /// For a step summary: the headline, counts, and a table of problems.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let sign = if self.count(Level::Error) == 0 { "✅" } else { "❌" };
        let _ = writeln!(out, "## {sign} backburn {}: {}\n", self.command, prose(&self.headline));
        let _ = writeln!(out, "| Document | Cases | Errors | Warnings |\n|---|---|---|---|");
        for suite in &self.suites {
            let count = |level| {
                let found = suite.cases.iter().filter(|case| match &case.result {
                    Result::Found(problem) => problem.level == level,
                    _ => false,
                });
                found.count()
            };
            let (errors, warnings) = (count(Level::Error), count(Level::Warning));
            let _ = writeln!(
                out,
                "| {} | {} | {errors} | {warnings} |",
                code(&suite.file),
                suite.cases.len()
            );
        }
        let problems: Vec<_> = self.problems().collect();
        if problems.is_empty() {
            return out;
        }
        let _ = writeln!(out, "\n| | Where | Problem | Code |\n|---|---|---|---|");
        for (suite, case, problem) in problems.iter().take(100) {
            let level = match problem.level {
                Level::Error => "❌",
                Level::Warning => "⚠",
                Level::Note => "▫",
            };
            let place = match &case.place {
                Some(place) => code(format_args!("{}:{}:{}", place.file, place.line, place.column)),
                None => format!("{} {}", code(&suite.file), code(&case.name)),
            };
            let _ = writeln!(
                out,
                "| {level} | {place} | {} | {} |",
                prose(&problem.message),
                code(&problem.code)
            );
        }
        if problems.len() > 100 {
            let _ = writeln!(out, "\nand {} more", problems.len() - 100);
        }
        out
    }
}
