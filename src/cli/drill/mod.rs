//! `backburn drill`: exercises. Owns the subcommands, one file each; what a drill is made of is
//! `crate::drill`'s.

mod conduct;
mod run;

use clap::{Args, Subcommand};

pub use conduct::conduct;

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub struct Drill {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Inject the faults of a simulation, answer them, restore, score it all, clean up
    Run(run::Run),
}

impl Drill {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.command {
            Command::Run(command) => command.run(context).await,
        }
    }
}
