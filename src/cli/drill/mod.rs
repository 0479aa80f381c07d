//! `backburn drill`: exercises. Owns the subcommands, one file each; what a drill is made of is
//! `crate::drill`'s.

mod export;
mod halt;
mod list;
mod run;

use clap::{Args, Subcommand};

use super::{Context, Exit, Failure};

pub use run::finish;

#[derive(Args, Debug)]
pub struct Drill {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Inject the faults of a simulation, answer them, restore, score it all, clean up
    Run(run::Run),
    /// Stop a drill and its experiments, and take it away; from any terminal
    Halt(halt::Halt),
    /// List simulations, with when each was last drilled
    List(list::List),
    /// Show how past drills came out, and the trend of each clock
    History(list::HistoryOf),
    /// Show which drills their schedules say are overdue; exit code 11 when there are any
    Due(list::Due),
    /// Print a simulation's schedule for what will keep it
    Schedule(list::ScheduleOf),
    /// Print the FIS experiment template that a simulation makes
    ExportFis(export::ExportFis),
}

impl Drill {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
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
