//! The after-action report of a run's directory, folded with the configuration, and the page that is
//! kept with each run when a process ends its work on it.

use crate::{
    actions::catalogue,
    config::Config,
    journal::{ReadError, Record, RunDir, RunDirError},
    program::prepare::Prepared,
    report::{
        html,
        model::{self, Known, Law, Options, Sources},
    },
};

use super::Context;

pub(crate) fn configured(config: &Config) -> Vec<Law> {
    config.clocks.iter().filter_map(|law| law.name().parse().ok()).collect()
}

pub(crate) fn sources(
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
pub(crate) fn of_ended(
    context: &Context,
    dir: &RunDir,
    prepared: Option<&Prepared>,
) -> Result<model::Report, ReadError> {
    let config = context.configuration().config();
    Ok(model::fold(&sources(dir, config, prepared)?, &options_now(config, false)))
}

/// What a page shows that nobody gave options for.
pub(crate) fn options_now(config: &Config, live: bool) -> Options {
    let laws = match std::env::var("BACKBURN_CLOCKS") {
        Ok(laws) => laws.split(',').filter_map(|law| law.parse().ok()).collect(),
        Err(_) => configured(config),
    };
    Options { now: jiff::Timestamp::now(), t0: None, laws, live }
}

/// Whether a process works on the run. The lock is tried only where the journal leaves it open: who
/// tries it holds it for a moment.
pub(crate) fn is_live(dir: &RunDir, sources: &Sources) -> bool {
    let last = sources.read.lines.last().map(|line| &line.record);
    !matches!(
        last,
        Some(Record::RunFinished { .. } | Record::Aborted { .. } | Record::ReleaseFinished { .. })
    ) && dir.lock().is_err()
}

/// Saves the page with the run. It is a view: an error here is reported and changes nothing else.
pub(crate) fn keep(context: &Context, dir: &RunDir, prepared: Option<&Prepared>) {
    let report = of_ended(context, dir, prepared).map_err(|e| e.to_string());
    let kept = report.and_then(|report| {
        let kept = dir.write(RunDir::REPORT, html::html(&report).as_bytes());
        kept.map_err(|e: RunDirError| e.to_string())
    });
    if let Err(error) = kept {
        tracing::warn!(run = dir.id(), error, "the report was not written");
    }
}
