//! `backburn drill list`, `history`, `due`, `schedule`: the drills there are, their results, which are
//! overdue, and when each is scheduled.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    conduct::{Cards, read},
    drill::{
        self, Simulation,
        formats::{self, Job},
        history::{History, histories},
        schedule,
        score::Scorecard,
    },
    report::{self, look},
    text::{argument, is_hidden},
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Where {
    /// Simulations, or folders of them
    #[arg(default_value = "simulations", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A simulation that can be read, however it compiles.
struct Found {
    file: String,
    simulation: Simulation,
}

impl Where {
    fn read(&self) -> Result<Vec<Found>, Failure> {
        let mut files = Vec::new();
        for path in &self.files {
            if path.is_dir() {
                let entries = std::fs::read_dir(path).map_err(Failure::at(path))?;
                let inside = entries.filter_map(|entry| Some(entry.ok()?.path()));
                let is_yaml =
                    |p: &PathBuf| p.extension().is_some_and(|e| e == "yaml" || e == "yml");
                files.extend(inside.filter(is_yaml));
            } else {
                files.push(path.clone());
            }
        }
        files.sort();
        files.iter().map(|path| found(path)).collect()
    }
}

fn found(path: &Path) -> Result<Found, Failure> {
    let file = path.display().to_string();
    let text = read(path)?;
    match drill::parse(&text) {
        (Some(simulation), problems)
            if !problems.iter().any(crate::playbook::diagnostic::Diagnostic::is_error) =>
        {
            Ok(Found { file, simulation })
        }
        _ => Err(Failure::new(Exit::Invalid, format!("{file} is not a valid simulation"))
            .help(format!("`backburn check {}` shows why", argument(path)))),
    }
}

/// The scorecards of this home that count, oldest first; says which do not.
fn cards(context: &Context) -> Result<Vec<Scorecard>, Failure> {
    let cards = Cards::of(context)?;
    cards.said().iter().for_each(|line| context.say(line));
    Ok(cards.counted)
}

#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    at: Where,
}

impl List {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (found, past) = (self.at.read()?, histories(cards(context)?));
        let rows: Vec<_> = found
            .iter()
            .map(|Found { file, simulation }| {
                let id = &simulation.id.value;
                let last =
                    past.iter().find(|one| one.simulation == *id).and_then(|h| h.runs.last());
                json!({
                    "simulation": id, "title": simulation.title, "file": file,
                    "schedule": simulation.schedule.as_ref().map(|schedule| &schedule.value),
                    "attack": simulation.attack.iter().map(|id| &id.value).collect::<Vec<_>>(),
                    "last": last,
                })
            })
            .collect();
        context.data(
            |look| {
                let table = rows.iter().map(|row| {
                    let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
                    let last = &row["last"];
                    let last = match (last["started"].as_str(), last["outcome"].as_str()) {
                        (Some(at), Some(outcome)) => {
                            format!("{} {outcome}", &at[..10.min(at.len())])
                        }
                        _ => "never drilled".into(),
                    };
                    let title = look::shorten(&text("title"), 48);
                    vec![look.paint(look::NAME, &text("simulation")), title, text("schedule"), last]
                });
                look::table(&table.collect::<Vec<_>>())
            },
            &rows,
        )?;
        Ok(Exit::Ok)
    }
}

#[derive(Args, Debug)]
pub(super) struct HistoryOf {
    /// Only this simulation
    simulation: Option<String>,
}

impl HistoryOf {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut past = histories(cards(context)?);
        if let Some(wanted) = &self.simulation {
            past.retain(|one| one.simulation == *wanted);
        }
        context.data(|look| report::scorecard::history(&past, look), &past)?;
        Ok(Exit::Ok)
    }
}

#[derive(Args, Debug)]
pub(super) struct Due {
    #[command(flatten)]
    at: Where,
}

impl Due {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (found, past, now) = (self.at.read()?, histories(cards(context)?), Timestamp::now());
        let mut rows = Vec::new();
        for Found { file, simulation } in &found {
            let Some(schedule) = &simulation.schedule else { continue };
            let schedule = schedule::parse(&schedule.value)
                .map_err(|reason| Failure::new(Exit::Invalid, format!("{file}: {reason}")))?;
            let last = last_started(&past, &simulation.id.value);
            if let Some(since) = schedule.overdue(last, now) {
                rows.push(json!({
                    "simulation": simulation.id.value, "file": file, "last": last,
                    "since": last.is_some().then_some(since),
                }));
            }
        }
        context.data(
            |_| {
                if rows.is_empty() {
                    return "no drill is due\n".into();
                }
                let row = |row: &serde_json::Value| {
                    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
                    let since = match row["since"].as_str() {
                        Some(since) => format!("due since {since}"),
                        None => "never drilled".into(),
                    };
                    vec![
                        text("simulation"),
                        since,
                        format!("backburn drill run {}", argument(&text("file"))),
                    ]
                };
                look::table(&rows.iter().map(row).collect::<Vec<_>>())
            },
            &rows,
        )?;
        Ok(if rows.is_empty() { Exit::Ok } else { Exit::Missed })
    }
}

fn last_started(past: &[History], simulation: &str) -> Option<Timestamp> {
    let history = past.iter().find(|one| one.simulation == simulation)?;
    history.runs.iter().filter_map(|run| run.started).max()
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Cron,
    Systemd,
    Github,
    Eventbridge,
}

#[derive(Args, Debug)]
pub(super) struct ScheduleOf {
    /// Simulation
    file: PathBuf,
    /// Format of the scheduler
    #[arg(long, default_value = "cron")]
    format: Form,
}

impl ScheduleOf {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Found { file, simulation } = found(&self.file)?;
        let invalid = |reason: String| Failure::new(Exit::Invalid, format!("{file}: {reason}"));
        let schedule =
            simulation.schedule.as_ref().ok_or_else(|| invalid("it has no `schedule`".into()))?;
        let schedule = schedule::parse(&schedule.value).map_err(invalid)?;
        if file.contains(is_hidden) || file.contains("${{") {
            return Err(Failure::new(
                Exit::Usage,
                format!("{file}: no scheduler can be given a file of this name as it is"),
            )
            .help("rename it to letters, digits, dots and dashes"));
        }
        let title = look::flow(&simulation.title);
        let job = Job { simulation: &simulation.id.value, title: &title, file: &file };
        let text = match self.format {
            Form::Cron => formats::cron(&schedule, &job),
            Form::Systemd => formats::systemd(&schedule, &job).map_err(invalid)?,
            Form::Github => formats::github(&schedule, &job),
            Form::Eventbridge => formats::eventbridge(&schedule, &job).map_err(invalid)?,
        };
        context.print(&text)?;
        Ok(Exit::Ok)
    }
}
