//! `backburn runs`: the runs of this home, their timelines, and whether their journals hold. Watching
//! one is `follow`'s.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    journal::{self, Ledger, Record, RunDir},
    program::{planfile::PlanFile, prepare::sources_sha256},
    report::{look, timeline},
};

use super::{Context, Exit, Failure, follow::follow, serve::Serve, session::Frozen};

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
        /// Watch it until it ends, as on its own terminal; ends with the run's exit code
        #[arg(long, conflicts_with = "serve")]
        follow: bool,
        /// With --follow: end with success although a containment is only presumed
        #[arg(long, requires = "follow")]
        accept_presumed: bool,
        #[command(flatten)]
        serve: Serve,
    },
    /// Check the hash chain of a run's journal
    Verify { run: String },
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
            Command::Verify { run } => verify(context, &run),
        }
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for dir in RunDir::list(context.home())? {
        let (playbook, drill, state, changes) = match journal::read(&dir.journal()) {
            Ok(read) => {
                let ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
                let playbook = match &ledger.started {
                    Some(Record::RunStarted { playbook, .. }) => playbook.clone(),
                    _ => "?".into(),
                };
                let drill = ledger.drill().map(str::to_owned);
                (playbook, drill, state(&dir, &ledger), ledger.changes().count())
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

/// One word for where a run stands.
pub fn state(dir: &RunDir, ledger: &Ledger) -> String {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    match (ledger.released, ledger.aborted, ledger.status) {
        (Some(true), _, _) => "released".into(),
        (Some(false), _, _) => "released in part".into(),
        (None, true, _) => "aborted".into(),
        (None, false, Some(status)) => word(serde_json::to_value(status).unwrap_or_default()),
        (None, false, None) if dir.lock().is_err() => "running".into(),
        (None, false, None) => "cut off".into(),
    }
}

fn show(context: &Context, asked: &str) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let read = journal::read(&dir.journal())?;
    context.data(|look| timeline::timeline(&read.lines, look), &read.lines)?;
    Ok(Exit::Ok)
}

fn verify(context: &Context, asked: &str) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let read = journal::read(&dir.journal())?;
    let mut evidence = evidence(&dir, &read.lines);
    if let Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) =
        read.lines.first().map(|line| &line.record)
    {
        let text = dir.read_text("playbook.yaml").unwrap_or_default();
        let files = dir.read_json::<Frozen>("inputs.json").map(|frozen| frozen.files);
        let same = sources_sha256(&text, &files.unwrap_or_default()) == *playbook_sha256;
        evidence.insert(0, ("playbook.yaml".into(), same));
        let plan = dir.read_json::<PlanFile>("plan.json");
        let same = plan.is_ok_and(|plan| plan.is_intact() && plan.sha256 == *plan_sha256);
        evidence.insert(1, ("plan.json".into(), same));
    }
    let bad: Vec<_> = evidence.iter().filter(|(_, ok)| !ok).map(|(file, _)| file).collect();
    let torn = read.torn.as_ref().map(String::len);
    let json = json!({
        "run": dir.id(), "records": read.head.next, "head": read.head.hash,
        "torn-bytes": torn, "files": evidence.len(), "changed-files": bad,
    });
    let mut text = format!(
        "{}: {} records, chain intact, head {}\n",
        dir.id(),
        read.head.next,
        read.head.hash
    );
    if let Some(bytes) = torn {
        text.push_str(&format!("a last line of {bytes} bytes was cut off and does not count\n"));
    }
    for (file, ok) in &evidence {
        text.push_str(&format!(
            "{file}: {}\n",
            if *ok { "as recorded" } else { "CHANGED OR MISSING" }
        ));
    }
    context.data(|_| text, &json)?;
    Ok(if bad.is_empty() { Exit::Ok } else { Exit::Internal })
}

/// Each kept file and whether its bytes still have the recorded hash.
fn evidence(dir: &RunDir, lines: &[journal::Line]) -> Vec<(String, bool)> {
    lines
        .iter()
        .filter_map(|line| match &line.record {
            Record::Evidence { file, sha256, .. } => {
                let now = std::fs::read(dir.path().join(file)).map(|bytes| journal::hash(&bytes));
                Some((file.clone(), now.is_ok_and(|now| now == *sha256)))
            }
            _ => None,
        })
        .collect()
}
