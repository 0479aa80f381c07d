//! `--report`: what a command found, written for pipelines, several formats at once. Owns the option
//! and where each format goes; the formats are `report::ci`'s.

use std::{fs, io::Write, path::PathBuf, str::FromStr};

use clap::Args;

use crate::{
    actions::catalogue,
    conduct::page,
    drill,
    journal::{RunDir, redact_text},
    playbook::Catalogue,
    program::{Checked, check, planfile::PlanFile, prepare::Prepared},
    report::ci::{self, Document, Findings},
    text::{Ready, json},
};

use super::{Context, Exit, Failure};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Reports {
    /// Write the findings for a pipeline: junit=FILE, sarif=FILE, md=FILE, json=FILE, github
    #[arg(long = "report", value_name = "KIND", value_delimiter = ',', help_heading = "Reports")]
    sinks: Vec<Sink>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sink {
    Junit(PathBuf),
    Sarif(PathBuf),
    Markdown(PathBuf),
    Json(PathBuf),
    /// Annotations on stdout, a summary in `$GITHUB_STEP_SUMMARY`.
    Github,
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, file) =
            text.split_once('=').map_or((text, None), |(kind, file)| (kind, Some(file)));
        let file = file.filter(|file| !file.is_empty()).map(PathBuf::from);
        match (kind, file) {
            ("junit", Some(file)) => Ok(Self::Junit(file)),
            ("sarif", Some(file)) => Ok(Self::Sarif(file)),
            ("md", Some(file)) => Ok(Self::Markdown(file)),
            ("json", Some(file)) => Ok(Self::Json(file)),
            ("github", None) => Ok(Self::Github),
            ("junit" | "sarif" | "md" | "json", None) => Err(format!("write it as `{kind}=FILE`")),
            ("github", Some(_)) => Err("`github` takes no file".into()),
            _ => Err("the kinds are junit=FILE, sarif=FILE, md=FILE, json=FILE and github".into()),
        }
    }
}

impl Reports {
    /// Of files that were only checked.
    pub(super) fn checked(&self, context: &Context, all: &[Checked]) -> Result<(), Failure> {
        self.write(context, || Ok(ci::of_check(all)))
    }

    pub(super) fn plan(
        &self,
        context: &Context,
        command: &'static str,
        name: &str,
        prepared: &Prepared,
        plan: &PlanFile,
    ) -> Result<(), Failure> {
        self.write(context, || {
            Ok(Findings { command, ..ci::of_plan(plan, &document(name, prepared)) })
        })
    }

    /// For a run that has ended, whatever its result.
    pub(super) fn run(
        &self,
        context: &Context,
        run: &str,
        name: &str,
        prepared: &Prepared,
    ) -> Result<(), Failure> {
        self.write(context, || {
            let report =
                page::of_ended(context, &RunDir::find(context.home(), run)?, Some(prepared))?;
            Ok(ci::of_report(&report, &document(name, prepared)))
        })
    }

    /// What `loaded` gave; where the file is invalid, its problems are written first.
    pub(super) fn loaded<T>(
        &self,
        context: &Context,
        command: &'static str,
        path: &std::path::Path,
        text: &str,
        loaded: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Err(failure) = &loaded
            && failure.exit == Exit::Invalid
        {
            self.write(context, || {
                Ok(Findings {
                    command,
                    ..ci::of_check(&every(path, text, &catalogue::catalogue()))
                })
            })?;
        }
        loaded
    }

    fn write(
        &self,
        context: &Context,
        findings: impl FnOnce() -> Result<Findings, Failure>,
    ) -> Result<(), Failure> {
        if self.sinks.is_empty() {
            return Ok(());
        }
        let findings = findings()?;
        let secrets = context.secrets();
        for sink in &self.sinks {
            let (path, text) = match sink {
                Sink::Junit(path) => (path, ci::junit::junit(&findings)),
                Sink::Sarif(path) => (path, pretty(&ci::sarif::sarif(&findings))?),
                Sink::Markdown(path) => (path, Ready::file(&findings.markdown())),
                Sink::Json(path) => (path, pretty(&findings)?),
                Sink::Github => {
                    github(context, &findings)?;
                    continue;
                }
            };
            fs::write(path, redact_text(text, &secrets)).map_err(Failure::at(path))?;
        }
        Ok(())
    }
}

/// A simulation with the playbook that answers it, or a playbook.
pub(super) fn every(path: &std::path::Path, text: &str, catalogue: &Catalogue) -> Vec<Checked> {
    let name = path.display().to_string();
    if drill::is_simulation(text) {
        let found = drill::check(&name, text, catalogue, &drill::beside(path));
        return std::iter::once(found.checked).chain(found.response).collect();
    }
    vec![check(&name, text, catalogue)]
}

fn document<'a>(name: &'a str, prepared: &'a Prepared) -> Document<'a> {
    Document { file: name, text: &prepared.text, program: Some(&prepared.program) }
}

fn pretty<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| json(&text) + "\n")
        .map_err(|e| Failure::new(Exit::Internal, e.to_string()))
}

fn github(context: &Context, findings: &Findings) -> Result<(), Failure> {
    let secrets = context.secrets();
    context.command_runner(&redact_text(ci::github::annotations(findings), &secrets))?;
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let file = fs::OpenOptions::new().append(true).create(true).open(&path);
    let summary = Ready::file(&redact_text(findings.markdown(), &secrets)) + "\n";
    file.and_then(|mut file| file.write_all(summary.as_bytes())).map_err(Failure::at(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_says_where_it_goes() {
        assert_eq!("junit=a=b.xml".parse(), Ok(Sink::Junit("a=b.xml".into())));
        assert_eq!("github".parse(), Ok(Sink::Github));
        for (text, why) in [
            ("junit", "write it as `junit=FILE`"),
            ("github=x", "`github` takes no file"),
            ("html=x", "the kinds are junit=FILE, sarif=FILE, md=FILE, json=FILE and github"),
        ] {
            assert_eq!(text.parse::<Sink>(), Err(why.into()));
        }
    }
}
