//! `backburn runs show --follow`: watches a run from another terminal, read from its journal. Owns when
//! that ends; what is shown is `report::live`'s.

use std::time::Duration;

use crate::{
    conduct::{desk, standing},
    journal::{self, Head, Ledger, RunDir},
    report::live::{Head as Watched, Show, To, View},
};

use super::{Context, Exit, Failure};

const TICK: Duration = Duration::from_millis(125);
/// In ticks: how often it is looked whether a process works on the run. The look takes the run's lock
/// for a moment.
const LOOK: usize = 16;

pub async fn follow(context: &Context, asked: &str, presumed: bool) -> Result<Exit, Failure> {
    let dir = RunDir::find(context.home(), asked)?;
    let view = View::new(Watched::of(&dir));
    let bars = context.bars(To::Out) && !context.json();
    let mut show = Show::new(view, context.out, To::Out, bars, context.secrets());
    let (mut head, mut ledger, mut quiet) = (Head::default(), Ledger::default(), 0);
    loop {
        let read = journal::read_on(&dir.journal(), head)?;
        head = read.head;
        for line in &read.lines {
            ledger.apply(&line.record);
            if context.json() {
                let text = serde_json::to_string(line).unwrap_or_default();
                context.print(&(text + "\n"))?;
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
            pressed = tokio::signal::ctrl_c() => {
                show.end();
                pressed.map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
                context.say("the run continues; only the view has ended");
                return Ok(Exit::Interrupted);
            }
        }
    }
    show.end();
    let exit = standing::exit(context, &dir, &ledger, presumed)?;
    if !context.json() {
        let state = standing::state(&dir, &ledger);
        let short = dir.id().get(..13).unwrap_or(dir.id());
        context.print(&format!("run {} {state}; exit code {}\n", dir.id(), exit as u8))?;
        context.print(&format!("its timeline: `backburn runs show {short}`\n"))?;
    }
    Ok(exit)
}
