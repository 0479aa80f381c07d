//! `backburn completions`: a completion script, written by clap.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell that is to complete
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "backburn", &mut script);
        context.print_format(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Ok)
    }
}
