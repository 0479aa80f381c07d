//! `backburn report`: the after-action report of a run or drill. Owns where it is written; the same
//! page is kept with each run when a process ends its work on it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    actions::catalogue,
    journal::{ReadError, Record, RunDir, RunDirError},
    report::{
        PAGE, digest, html,
        model::{self, Law, Options, Sources},
    },
};

use super::{Context, Exit, Failure};

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
pub struct Report {
    /// Run id, a unique prefix of it, or `last`
    run: String,
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
pub struct Clocks {
    /// Regulatory clocks to show: gdpr, nis2, dora, sec
    #[arg(long, value_name = "LAWS", value_delimiter = ',', env = "BACKBURN_CLOCKS")]
    clocks: Vec<Law>,
    /// When the clocks begin, RFC 3339 [default: the start of the run]
    #[arg(long, value_name = "TIME")]
    t0: Option<jiff::Timestamp>,
}

impl Report {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let dir = RunDir::find(context.home(), &self.run)?;
        let live = dir.lock().is_err();
        let report = model::fold(&sources(&dir)?, &self.clocks.options(live));
        let (text, file) = match self.format {
            Format::Html => (html::html(&report), Some(dir.path().join(PAGE))),
            Format::Md => (digest::digest(&report), None),
            Format::Json => (json(&report)?, None),
        };
        match self.out.or(file) {
            Some(path) if path.as_os_str() != "-" => {
                std::fs::write(&path, text).map_err(Failure::at(&path))?;
                context.print(&format!("{}\n", path.display()))?;
            }
            _ => context.print(&text)?,
        }
        Ok(Exit::Ok)
    }
}

impl Clocks {
    fn options(&self, live: bool) -> Options {
        Options { now: jiff::Timestamp::now(), t0: self.t0, laws: self.clocks.clone(), live }
    }
}

fn json(report: &model::Report) -> Result<String, Failure> {
    serde_json::to_string_pretty(report)
        .map(|text| text + "\n")
        .map_err(|e| Failure::new(Exit::Internal, e.to_string()))
}

fn sources(dir: &RunDir) -> Result<Sources, ReadError> {
    Sources::read(dir, &catalogue::catalogue())
}

/// The report of a run that this process has ended its work on.
pub fn of_ended(dir: &RunDir) -> Result<model::Report, ReadError> {
    Ok(model::fold(&sources(dir)?, &options_now(false)))
}

/// What a page shows that nobody gave options for.
pub fn options_now(live: bool) -> Options {
    let laws = std::env::var("BACKBURN_CLOCKS").unwrap_or_default();
    let laws = laws.split(',').filter_map(|law| law.parse().ok()).collect();
    Options { now: jiff::Timestamp::now(), t0: None, laws, live }
}

/// Whether a process works on the run. The lock is tried only where the journal leaves it open: who
/// tries it holds it for a moment.
pub fn is_live(dir: &RunDir, sources: &Sources) -> bool {
    let last = sources.read.lines.last().map(|line| &line.record);
    !matches!(
        last,
        Some(Record::RunFinished { .. } | Record::Aborted { .. } | Record::ReleaseFinished { .. })
    ) && dir.lock().is_err()
}

/// Keeps the page with the run. It is a view: what goes wrong here is told and changes nothing.
pub fn keep(dir: &RunDir) {
    let kept = of_ended(dir).map_err(|e| e.to_string()).and_then(|report| {
        let kept = dir.write(PAGE, html::html(&report).as_bytes());
        kept.map_err(|e: RunDirError| e.to_string())
    });
    if let Err(error) = kept {
        tracing::warn!(run = dir.id(), error, "the report was not written");
    }
}
