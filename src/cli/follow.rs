//! `backburn runs show --follow`: watches a run from another terminal, read from its journal. Owns when
//! that ends; what is shown is `report::live`'s.

use std::time::Duration;

use crate::{
    conduct::{desk, standing},
    journal::{self, Head, Ledger, RunDir, Signature},
    report::live::{Head as Watched, Show, View},
    text::Stream,
};

use super::{Context, Exit, Failure, signals::Signals, trusted::say_whose};

const TICK: Duration = Duration::from_millis(125);
/// In ticks: how often it is looked whether a process works on the run. The look takes the run's lock
/// for a moment.
const LOOK: usize = 16;

pub(super) async fn follow(
    context: &Context,
    asked: &str,
    presumed: bool,
) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    say_whose(context, &dir)?;
    let view = View::new(Watched::of(&dir));
    let bars = context.bars(Stream::Out) && !context.json();
    let mut show = Show::new(view, context.out, Stream::Out, bars, context.hidden());
    let asked = Signals::listen().map_err(|e| Failure::new(Exit::Internal, e.to_string()));
    let mut asked = asked?;
    let (mut head, mut ledger, mut quiet) = (Head::default(), Ledger::default(), 0);
    loop {
        let read = journal::read_on(&dir.journal(), head)?;
        head = read.head;
        for line in &read.lines {
            ledger.apply(&line.record);
            if context.json() {
                let text = serde_json::to_string(line).unwrap_or_default();
                context.print_json(&(text + "\n"))?;
            } else {
                show.record(line);
            }
        }
        quiet = if read.lines.is_empty() { quiet + 1 } else { 0 };
        // The process has let go of the run, and nothing came in between.
        if quiet % LOOK == 1 && dir.lock().is_ok() {
            let rest = journal::read_on(&dir.journal(), head.clone())?;
            if rest.lines.is_empty() {
                break;
            }
        }
        show.asked(&desk::open(&dir));
        if !context.json() {
            show.tick();
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = asked.next() => {
                show.end();
                context.say("the run continues; only the view has ended");
                return Ok(Exit::Interrupted);
            }
        }
    }
    show.end();
    let exit = match say_whose(context, &dir)? {
        Signature::ThisUser => standing::exit(context, &dir, &ledger, presumed)?,
        // A script goes by the exit code, so a run that anybody may have written has none.
        _ => Exit::Refused,
    };
    if !context.json() {
        let state = standing::state(&dir, &ledger);
        let short = dir.id().get(..13).unwrap_or(dir.id());
        context.print_line(&format!("run {} {state}; exit code {}", dir.id(), exit as u8))?;
        context.print_line(&format!("its timeline: `backburn runs show {short}`"))?;
    }
    Ok(exit)
}
