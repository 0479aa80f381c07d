//! `backburn report`: the after-action report of a run or drill. Owns where it is written; the same
//! page is kept with each run when a process ends its work on it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    conduct::page::{configured, sources},
    config::Config,
    journal::RunDir,
    report::{
        digest, html,
        model::{self, Law, Options},
    },
    text::{self, Ready},
};

use super::{Context, Exit, Failure, trusted::say_whose};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page without network or script
    #[default]
    Html,
    /// Markdown for a ticket
    Md,
    /// Everything, as data
    Json,
}

#[derive(Args, Debug)]
pub(super) struct Report {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "html")]
    format: Format,
    /// Where to write it, `-` for stdout [default: report.html in the run's directory, stdout for md and json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    clocks: Clocks,
}

/// Which regulations count, and from when.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Clocks {
    /// Regulatory clocks to show: gdpr, nis2, dora, sec
    #[arg(long, value_name = "LAWS", value_delimiter = ',', env = "BACKBURN_CLOCKS")]
    clocks: Vec<Law>,
    /// When the clocks begin, RFC 3339 [default: the start of the run]
    #[arg(long, value_name = "TIME")]
    t0: Option<jiff::Timestamp>,
}

impl Report {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let dir = RunDir::find(context.home(), &self.run)?;
        let live = dir.lock().is_err();
        let config = context.good_configuration()?;
        say_whose(context, &dir)?;
        let sources = sources(&dir, config, None)?;
        let report = model::fold(&sources, &self.clocks.options(live, config));
        let (text, file) = match self.format {
            Format::Html => (html::html(&report), Some(dir.path().join(RunDir::REPORT))),
            Format::Md => (Ready::file(&digest::digest(&report)), None),
            Format::Json => (json(&report)?, None),
        };
        match self.out.or(file) {
            Some(path) if path.as_os_str() != "-" => {
                std::fs::write(&path, text).map_err(Failure::at(&path))?;
                context.print_line(&path.display().to_string())?;
            }
            _ if self.format == Format::Html => context.print_format(&text)?,
            _ => context.print(&text)?,
        }
        Ok(Exit::Ok)
    }
}

impl Clocks {
    fn options(&self, live: bool, config: &Config) -> Options {
        let laws = match self.clocks.is_empty() {
            true => configured(config),
            false => self.clocks.clone(),
        };
        Options { now: jiff::Timestamp::now(), t0: self.t0, laws, live }
    }
}

fn json(report: &model::Report) -> Result<String, Failure> {
    serde_json::to_string_pretty(report)
        .map(|text| text::json(&text) + "\n")
        .map_err(|e| Failure::new(Exit::Internal, e.to_string()))
}
