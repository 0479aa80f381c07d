//! `backburn man`: man pages of the program and of each command, written by clap.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Context, Exit, Failure};

#[derive(Args, Debug)]
pub struct Man {
    /// Folder to write them into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Man {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        std::fs::create_dir_all(&self.out).map_err(Failure::at(&self.out))?;
        clap_mangen::generate_to(Cli::command(), &self.out).map_err(Failure::at(&self.out))?;
        context.print(&format!("{}\n", self.out.display()))?;
        Ok(Exit::Ok)
    }
}
