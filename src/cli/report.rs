//! `backburn report`: the after-action report of a run or drill. Owns where it is written; the same
//! page is kept with each run when a process ends its work on it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    actions::catalogue,
    config::Config,
    journal::{ReadError, Record, RunDir, RunDirError},
    program::prepare::Prepared,
    report::{
        PAGE, digest, html,
        model::{self, Known, Law, Options, Sources},
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
        let config = context.settings().good(context)?;
        let sources = sources(&dir, config, None)?;
        let report = model::fold(&sources, &self.clocks.options(live, config));
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
        .map(|text| text + "\n")
        .map_err(|e| Failure::new(Exit::Internal, e.to_string()))
}

fn configured(config: &Config) -> Vec<Law> {
    config.clocks.iter().filter_map(|law| law.name().parse().ok()).collect()
}

fn sources(
    dir: &RunDir,
    config: &Config,
    prepared: Option<&Prepared>,
) -> Result<Sources, ReadError> {
    let known = prepared.map(|prepared| Known {
        text: &prepared.text,
        playbook: &prepared.playbook,
        program: &prepared.program,
    });
    let sources = match known {
        Some(known) => Sources::read_knowing(dir, known, catalogue::catalogue)?,
        None => Sources::read(dir, &catalogue::catalogue())?,
    };
    Ok(sources.with_contacts(&config.contacts))
}

/// The report of a run that this process has ended its work on, with the document that was run where
/// it is still there.
///
/// # Errors
/// The journal cannot be read, or its chain does not hold.
pub fn of_ended(
    context: &Context,
    dir: &RunDir,
    prepared: Option<&Prepared>,
) -> Result<model::Report, ReadError> {
    let config = context.settings().config();
    Ok(model::fold(&sources(dir, config, prepared)?, &options_now(config, false)))
}

/// What a page shows that nobody gave options for.
pub fn options_now(config: &Config, live: bool) -> Options {
    let laws = match std::env::var("BACKBURN_CLOCKS") {
        Ok(laws) => laws.split(',').filter_map(|law| law.parse().ok()).collect(),
        Err(_) => configured(config),
    };
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
pub fn keep(context: &Context, dir: &RunDir, prepared: Option<&Prepared>) {
    let report = of_ended(context, dir, prepared).map_err(|e| e.to_string());
    let kept = report.and_then(|report| {
        let kept = dir.write(PAGE, html::html(&report).as_bytes());
        kept.map_err(|e: RunDirError| e.to_string())
    });
    if let Err(error) = kept {
        tracing::warn!(run = dir.id(), error, "the report was not written");
    }
}
