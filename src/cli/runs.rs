//! `backburn runs`: the runs of this home, their timelines, and whether their journals hold. Watching
//! one is `follow`'s.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    conduct::standing,
    engine::{MayBeOpen, is_exposed, may_be_open_in},
    journal::{
        self, DIGITS, Head, Ledger, Line, ReadError, Record, Recorded, RunDir, Signature, Stock,
        Stocked, Tail, Witness,
    },
    program::{kept::KeptDocument, planfile::PlanFile},
    report::{
        look::{clean, table},
        plan::plural,
        timeline,
    },
    text::{line, one_line},
};

use super::{Context, Exit, Failure, follow::follow, serve::Serve, trusted::say_whose};

#[derive(Args, Debug)]
pub(super) struct Runs {
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
        /// Run id, a unique prefix of it, or `last`
        run: String,
        /// Check that this head, which was noted elsewhere, is still in the chain
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

impl Runs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.command.unwrap_or(Command::List) {
            Command::List => list(context),
            Command::Show { run, follow: true, accept_presumed, .. } => {
                follow(context, &run, accept_presumed).await
            }
            Command::Show { run, serve, .. } => match serve.bind().await? {
                Some(page) => {
                    let dir = RunDir::find(context.home(), &run)?;
                    say_whose(context, &dir)?;
                    page.show(context, &dir).await;
                    Ok(Exit::Ok)
                }
                None => show(context, &run),
            },
            Command::Verify { run, head } => verify(context, &run, head.as_deref()),
        }
    }
}

/// What is wrong with a run is reported beside the list: a sentence in one row would stretch the column of all.
fn list(context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for dir in RunDir::list(context.home())? {
        let (playbook, drill, state, changes, signature) = match dir.state(context.seal()?) {
            Ok(known) => {
                let known = known.map(|(_, state)| state).unwrap_or_default();
                let mut state = standing::word(&dir, known.released, known.aborted, known.status);
                if !known.held.is_empty() && is_open(&dir, &state) {
                    state += ", may stand OPEN";
                }
                let signature = known.signature;
                match &signature {
                    Some(Signature::Tampered(why)) => {
                        context.say(&format!("run {} is TAMPERED: {why}", dir.id()));
                        state = format!("TAMPERED; {state}");
                    }
                    other => {
                        let words = other.as_ref().and_then(Signature::words);
                        state = words.map_or(state.clone(), |words| format!("{words}; {state}"));
                    }
                }
                let (playbook, drill) = match known.started {
                    Some(started) => (started.playbook, started.drill),
                    None => ("?".into(), None),
                };
                let signature = signature.as_ref().map(Signature::word);
                (playbook, drill, state, known.changes, signature)
            }
            Err(e) => {
                let (word, signature) = match e.is_tampered() {
                    true => ("TAMPERED", Some("tampered")),
                    false => ("unreadable", None),
                };
                context.say(&format!("run {} is {word}: {e}", dir.id()));
                ("?".into(), None, word.to_owned(), 0, signature)
            }
        };
        rows.push(vec![
            dir.id().to_owned(),
            drill.as_ref().map_or_else(|| playbook.clone(), |drill| format!("drill {drill}")),
            state.clone(),
            plural(changes, "change"),
        ]);
        let mut run = json!({ "run": dir.id(), "playbook": playbook, "state": state, "changes": changes, "signature": signature });
        if let Some(drill) = drill {
            run["drill"] = drill.into();
        }
        found.push(run);
    }
    let text = if rows.is_empty() {
        one_line(&format!("no runs in {}", context.home().display())) + "\n"
    } else {
        table(&rows)
    };
    context.data(|_| text, &found)?;
    Ok(Exit::Ok)
}

/// Whether the run left a setting open, which only the whole journal tells: one that succeeded left nothing.
fn is_open(dir: &RunDir, state: &str) -> bool {
    !matches!(state, "running" | "succeeded" | "released")
        && Ledger::read(&dir.journal()).is_ok_and(|ledger| is_exposed(&ledger))
}

fn say_open(context: &Context, run: &str, ledger: &Ledger) {
    for MayBeOpen { step, place } in may_be_open_in(ledger) {
        context.say(&format!(
            "{place} may stand open: step `{step}` was cut off before it closed it; `backburn abort {run}` closes it at once, `backburn resume {run}` closes it and continues"
        ));
    }
}

fn show(context: &Context, asked: &str) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    match journal::read(&dir.journal()) {
        Ok(read) => {
            say_whose(context, &dir)?;
            context.data(|look| timeline::timeline(&read.lines, look), &read.lines)?;
            let ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
            if ledger.released != Some(true) && dir.lock().is_ok() {
                say_open(context, dir.id(), &ledger);
            }
            Ok(Exit::Ok)
        }
        Err(error) => Err(broken(context, &dir, error, true)?),
    }
}

/// What a journal says before the line at which it does not hold any more: all that there is to release by. With
/// `--json` the error is the one document.
fn broken(
    context: &Context,
    dir: &RunDir,
    error: ReadError,
    whole: bool,
) -> Result<Failure, Failure> {
    if error.is_tampered() && !context.json() {
        let mut lines = Vec::new();
        // The same error again.
        let _ = journal::each(&dir.journal(), |line| lines.push(line));
        context.data(
            |look| {
                let shown = if whole { timeline::timeline(&lines, look) } else { String::new() };
                shown + &timeline::settings(&lines)
            },
            &(),
        )?;
    }
    Ok(error.into())
}

fn verify(context: &Context, asked: &str, noted: Option<&str>) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let mut noted = noted.map(Noted::of).transpose()?;
    let (recorded, started, signature, Tail { head, torn, .. }) = loop {
        let witness = Witness::of(context.seal()?, dir.id());
        let (mut recorded, mut started) = (Recorded::of(&dir), None);
        let tail = match journal::each(&dir.journal(), |line| {
            recorded.add(&line);
            if let Some(noted) = &mut noted {
                noted.add(&line);
            }
            if let Record::RunStarted { playbook_sha256, plan_sha256, .. } = line.record {
                started = Some((playbook_sha256, plan_sha256));
            }
        }) {
            Ok(tail) => tail,
            Err(error) => return Err(broken(context, &dir, error, false)?),
        };
        if !recorded.is_outdated(&dir) {
            break (recorded, started, witness.judge(&tail.head, &tail.last), tail);
        }
    };
    let after = noted.map(|noted| noted.after(&head)).transpose()?;
    let mut files = recorded.stock(&dir, &head).map_err(Failure::at(dir.path()))?;
    if let Some((playbook_sha256, plan_sha256)) = started {
        let same = KeptDocument::read(&dir).is_ok_and(|kept| kept.is(&playbook_sha256));
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
        "signature": signature.word(), "records-after-head": after, "files": all, "changed-files": changed,
    });
    let mut text = String::new();
    let records = plural(usize::try_from(head.next).unwrap_or(usize::MAX), "record");
    line!(text, "{}: {records}, chain intact, head {}", dir.id(), head.hash);
    let words = signature.words().unwrap_or_else(|| "signed by this user".into());
    line!(text, "signature: {words}");
    if let Some(after) = after {
        let count = usize::try_from(after).unwrap_or(usize::MAX);
        let more = plural(count, "record");
        line!(text, "the given head is in the chain, {more} came after it");
    }
    if let Some(bytes) = torn {
        let bytes = plural(bytes, "byte");
        line!(text, "a last line of {bytes} was cut off and does not count");
    }
    for (file, stock) in &files {
        line!(text, "{}: {}", clean(file), stock.words());
    }
    context.data(|_| text, &json)?;
    let is_good = bad.is_empty() && !matches!(signature, Signature::Tampered(_));
    Ok(if is_good { Exit::Ok } else { Exit::Internal })
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
        if hash.len() < DIGITS || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Failure::new(Exit::Usage, format!("`{hash}` is no head of a chain"))
                .help("give the SHA-256 that the summary of the run had, or its first 32 digits"));
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
