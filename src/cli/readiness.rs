//! `backburn readiness`: what was drilled, as one page. Owns where playbooks, simulations and
//! scorecards are found.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    conduct::Cards,
    drill,
    playbook::{self, types},
    report::readiness::{self, KnownDrill, KnownPlaybook},
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Readiness {
    /// Folder of simulations
    #[arg(long, value_name = "DIR", default_value = "simulations")]
    dir: PathBuf,
    /// Folder of playbooks
    #[arg(long, value_name = "DIR", default_value = "playbooks")]
    playbooks: PathBuf,
    /// Exit with code 11 if a drill is older than this, or never ran; such as `90d`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    fail_stale: Option<std::time::Duration>,
    /// Where to write the page, `-` for stdout [default: readiness.html in the home]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    text.parse::<types::Duration>().map(|time| time.as_std()).map_err(|e| e.to_string())
}

impl Readiness {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let playbooks: Vec<_> =
            texts(&self.playbooks)?.iter().filter_map(|(_, text)| known_playbook(text)).collect();
        let drills: Vec<_> =
            texts(&self.dir)?.iter().filter_map(|(path, text)| known_drill(path, text)).collect();
        let cards = Cards::of(context)?;
        cards.said().iter().for_each(|line| context.say(line));
        let Cards { counted, not_counted } = cards;
        let now = jiff::Timestamp::now();
        let mut found =
            readiness::Readiness::fold(&playbooks, &drills, counted, self.fail_stale, now);
        found.not_counted = not_counted;
        let page = readiness::html(&found);
        let path = self.out.unwrap_or_else(|| context.home().join("readiness.html"));
        if context.json() {
            context.data(|_| String::new(), &found)?;
        } else if path.as_os_str() == "-" {
            context.print_format(&page)?;
        } else {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(Failure::at(folder))?;
            }
            std::fs::write(&path, page).map_err(Failure::at(&path))?;
            context.print_line(&path.display().to_string())?;
        }
        let stale: Vec<_> = found.stale().iter().map(|drill| drill.id.clone()).collect();
        if self.fail_stale.is_none() || stale.is_empty() {
            return Ok(Exit::Ok);
        }
        context.say(&format!("stale: {}", stale.join(", ")));
        Ok(Exit::Missed)
    }
}

/// Every YAML file of a folder; one that is not there has none.
fn texts(folder: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let yaml =
        |path: &PathBuf| path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
    let mut paths: Vec<_> = paths.filter(yaml).collect();
    paths.sort();
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(Failure::at(&path)(error)),
    };
    paths.into_iter().map(read).collect()
}

fn known_playbook(text: &str) -> Option<KnownPlaybook> {
    if drill::is_simulation(text) {
        return None;
    }
    let (playbook, _) = playbook::parse(text);
    playbook.filter(|playbook| !playbook.id.value.is_empty()).map(|playbook| KnownPlaybook {
        id: playbook.id.value,
        title: playbook.title,
        attack: playbook.attack.into_iter().map(|id| id.value).collect(),
    })
}

fn known_drill(path: &Path, text: &str) -> Option<KnownDrill> {
    let (simulation, _) = drill::parse(text);
    let simulation = simulation?;
    let playbook = simulation.respond.as_ref().map(|respond| {
        let name = &respond.playbook.value;
        let found = drill::beside(path)(name).ok().and_then(|text| known_playbook(&text));
        found.map_or_else(|| name.clone(), |playbook| playbook.id)
    });
    Some(KnownDrill {
        id: simulation.id.value,
        title: simulation.title,
        playbook,
        attack: simulation.attack.into_iter().map(|id| id.value).collect(),
        schedule: simulation.schedule.map(|schedule| schedule.value),
    })
}
