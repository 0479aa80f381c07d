//! `backburn drill`: exercises. Owns the subcommands, one file each; what a drill is made of is
//! `crate::drill`'s.

mod export;
mod halt;
mod list;
mod run;

use clap::{Args, Subcommand};

use super::{Context, Exit, Failure};

pub(super) use run::finish;

#[derive(Args, Debug)]
pub(super) struct Drill {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a simulation: inject faults, respond, restore, score, clean up
    Run(run::Run),
    /// Stop a drill and its experiments and remove what it made; works from any terminal
    Halt(halt::Halt),
    /// List simulations and when each was last drilled
    List(list::List),
    /// Show the results of past drills and the trend of each clock
    History(list::HistoryOf),
    /// Show drills that are overdue by their schedules; exit code 11 if there are any
    Due(list::Due),
    /// Print a simulation's schedule in the format of a scheduler
    Schedule(list::ScheduleOf),
    /// Print the FIS experiment template that a simulation would create
    ExportFis(export::ExportFis),
}

impl Drill {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.command {
            Command::Run(command) => command.run(context).await,
            Command::Halt(command) => command.run(context).await,
            Command::List(command) => command.run(context),
            Command::History(command) => command.run(context),
            Command::Due(command) => command.run(context),
            Command::Schedule(command) => command.run(context),
            Command::ExportFis(command) => command.run(context),
        }
    }
}
