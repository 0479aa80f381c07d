//! `backburn man`: the command line as man pages, written by clap, or as one markdown page.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Context, Exit, Failure, reference};

#[derive(Args, Debug)]
pub(super) struct Man {
    /// Folder to write the man pages to
    #[arg(long, value_name = "DIR", required_unless_present = "markdown")]
    out: Option<PathBuf>,
    /// Print the whole command line as one markdown page instead
    #[arg(long, conflicts_with = "out")]
    markdown: bool,
}

impl Man {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(out) = self.out else {
            context.print(&reference::markdown())?;
            return Ok(Exit::Ok);
        };
        std::fs::create_dir_all(&out).map_err(Failure::at(&out))?;
        clap_mangen::generate_to(Cli::command(), &out).map_err(Failure::at(&out))?;
        context.print_line(&out.display().to_string())?;
        Ok(Exit::Ok)
    }
}
