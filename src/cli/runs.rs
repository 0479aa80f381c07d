//! `backburn runs`: the runs of this home, their timelines, and whether their journals hold. Watching
//! one is `follow`'s.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    conduct::{Frozen, standing},
    journal::{self, Head, Line, Record, Recorded, RunDir, Stock, Stocked, Tail},
    program::{planfile::PlanFile, prepare::sources_sha256},
    report::{look, timeline},
};

use super::{Context, Exit, Failure, follow::follow, serve::Serve};

#[derive(Args, Debug)]
pub struct Runs {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List every run, newest last (the default)
    List,
    /// Show the timeline of a run
    Show {
        /// Run id, a unique prefix of it, or `last`
        run: String,
        /// Watch the run until it ends, as on its own terminal; exits with the run's exit code
        #[arg(long, conflicts_with = "serve")]
        follow: bool,
        /// With --follow: exit successfully even if a containment is only presumed
        #[arg(long, requires = "follow")]
        accept_presumed: bool,
        #[command(flatten)]
        serve: Serve,
    },
    /// Check the hash chain of a run's journal, and the files of the run against it
    Verify {
        run: String,
        /// Check that this head, which was noted elsewhere, is still in the chain
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

impl Runs {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.command.unwrap_or(Command::List) {
            Command::List => list(context),
            Command::Show { run, follow: true, accept_presumed, .. } => {
                follow(context, &run, accept_presumed).await
            }
            Command::Show { run, serve, .. } => match serve.bind().await? {
                Some(page) => {
                    page.show(context, &RunDir::find(context.home(), &run)?).await;
                    Ok(Exit::Ok)
                }
                None => show(context, &run),
            },
            Command::Verify { run, head } => verify(context, &run, head.as_deref()),
        }
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for dir in RunDir::list(context.home())? {
        let (playbook, drill, state, changes) = match dir.state() {
            Ok(known) => {
                let known = known.map(|(_, state)| state).unwrap_or_default();
                let state = standing::word(&dir, known.released, known.aborted, known.status);
                let (playbook, drill) = match known.started {
                    Some(started) => (started.playbook, started.drill),
                    None => ("?".into(), None),
                };
                (playbook, drill, state, known.changes)
            }
            Err(e) => ("?".into(), None, format!("unreadable: {e}"), 0),
        };
        rows.push(vec![
            dir.id().to_owned(),
            drill.as_ref().map_or_else(|| playbook.clone(), |drill| format!("drill {drill}")),
            state.clone(),
            crate::report::plan::plural(changes, "change"),
        ]);
        let mut run =
            json!({ "run": dir.id(), "playbook": playbook, "state": state, "changes": changes });
        if let Some(drill) = drill {
            run["drill"] = drill.into();
        }
        found.push(run);
    }
    let text = if rows.is_empty() {
        format!("no runs in {}\n", context.home().display())
    } else {
        look::table(&rows)
    };
    context.data(|_| text, &found)?;
    Ok(Exit::Ok)
}

fn show(context: &Context, asked: &str) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let read = journal::read(&dir.journal())?;
    context.data(|look| timeline::timeline(&read.lines, look), &read.lines)?;
    Ok(Exit::Ok)
}

fn verify(context: &Context, asked: &str, noted: Option<&str>) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let mut noted = noted.map(Noted::of).transpose()?;
    let (recorded, started, Tail { head, torn }) = loop {
        let (mut recorded, mut started) = (Recorded::of(&dir), None);
        let tail = journal::each(&dir.journal(), |line| {
            recorded.add(&line);
            if let Some(noted) = &mut noted {
                noted.add(&line);
            }
            if let Record::RunStarted { playbook_sha256, plan_sha256, .. } = line.record {
                started = Some((playbook_sha256, plan_sha256));
            }
        })?;
        if !recorded.is_outdated(&dir) {
            break (recorded, started, tail);
        }
    };
    let after = noted.map(|noted| noted.after(&head)).transpose()?;
    let mut files = recorded.stock(&dir, &head).map_err(Failure::at(dir.path()))?;
    if let Some((playbook_sha256, plan_sha256)) = started {
        let text = dir.read_text(RunDir::PLAYBOOK).unwrap_or_default();
        let kept = dir.read_json::<Frozen>(RunDir::INPUTS).map(|frozen| frozen.files);
        let same = sources_sha256(&text, &kept.unwrap_or_default()) == playbook_sha256;
        judged(&mut files, &dir, RunDir::PLAYBOOK, same);
        let plan = dir.read_json::<PlanFile>(RunDir::PLAN);
        let same = plan.is_ok_and(|plan| plan.is_intact() && plan.sha256 == plan_sha256);
        judged(&mut files, &dir, RunDir::PLAN, same);
    }
    let bad: Vec<_> = files.iter().filter(|(_, stock)| !stock.is_good()).collect();
    let torn = torn.map(|torn| torn.len());
    let all: Vec<_> =
        files.iter().map(|(file, stock)| json!({ "file": file, "is": stock })).collect();
    let changed: Vec<_> = bad.iter().map(|(file, _)| file).collect();
    let json = json!({
        "run": dir.id(), "records": head.next, "head": head.hash, "torn-bytes": torn,
        "records-after-head": after, "files": all, "changed-files": changed,
    });
    let mut text =
        format!("{}: {} records, chain intact, head {}\n", dir.id(), head.next, head.hash);
    if let Some(after) = after {
        let count = usize::try_from(after).unwrap_or(usize::MAX);
        let more = crate::report::plan::plural(count, "record");
        text.push_str(&format!("the given head is in the chain, {more} came after it\n"));
    }
    if let Some(bytes) = torn {
        text.push_str(&format!("a last line of {bytes} bytes was cut off and does not count\n"));
    }
    for (file, stock) in &files {
        text.push_str(&format!("{file}: {}\n", stock.words()));
    }
    context.data(|_| text, &json)?;
    Ok(if bad.is_empty() { Exit::Ok } else { Exit::Internal })
}

/// A head of the chain that was noted elsewhere, looked for line by line.
struct Noted {
    hash: String,
    /// The record that has it.
    found: Option<u64>,
}

impl Noted {
    fn of(text: &str) -> Result<Self, Failure> {
        let hash = text.to_lowercase();
        if hash.len() < 8 || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Failure::new(Exit::Usage, format!("`{hash}` is no head of a chain")).help(
                "give the SHA-256 that the summary of the run had, or its first 8 characters",
            ));
        }
        Ok(Self { hash, found: None })
    }

    /// Each line carries the hash of the one before it; the first follows none.
    fn add(&mut self, line: &Line) {
        if self.found.is_none() && line.seq > 0 && line.prev.starts_with(&self.hash) {
            self.found = Some(line.seq - 1);
        }
    }

    /// How many records follow the one that has this hash, or begins with it.
    fn after(self, head: &Head) -> Result<u64, Failure> {
        let last = head.next.saturating_sub(1);
        match self.found {
            Some(found) => Ok(last - found),
            None if head.hash.starts_with(&self.hash) => Ok(0),
            None => Err(Failure::new(
                Exit::Internal,
                format!(
                    "no record of the journal has the hash {}: the journal was rewritten, or its end is missing",
                    self.hash
                ),
            )
            .help("compare it with a copy, and treat the account's state as unknown")),
        }
    }
}

/// What the run's first record states about a file is used besides the manifest.
fn judged(files: &mut Vec<Stocked>, dir: &RunDir, name: &str, same: bool) {
    let stock = match (same, dir.path().join(name).exists()) {
        (true, _) => Stock::AsRecorded,
        (false, true) => Stock::Changed,
        (false, false) => Stock::Missing,
    };
    match files.iter_mut().find(|(file, _)| file == name) {
        Some((_, known)) if !known.is_good() => {}
        Some((_, known)) => *known = stock,
        None => files.push((name.to_owned(), stock)),
    }
    files.sort();
}
