//! `backburn new`: a commented file to start from. Owns the two files; a test checks both.

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{Context, Exit, Failure};

const PLAYBOOK: &str = include_str!("playbook.yaml");
const SIMULATION: &str = include_str!("simulation.yaml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Playbook,
    Simulation,
}

#[derive(Args, Debug)]
pub(super) struct New {
    /// What to write
    kind: Kind,
    /// Lower-case words with dashes [default: my-playbook or my-simulation]
    id: Option<String>,
    /// Where to write it, `-` for stdout [default: ID.yaml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl New {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (text, default) = match self.kind {
            Kind::Playbook => (PLAYBOOK, "my-playbook"),
            Kind::Simulation => (SIMULATION, "my-simulation"),
        };
        let id = self.id.unwrap_or_else(|| default.into());
        let first = id.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !first || !rest {
            return Err(Failure::new(Exit::Usage, format!("`{id}` is not an id"))
                .help("write lower-case words with dashes, such as `bucket-exposed`"));
        }
        let text = filled(text, &id);
        let path = self.out.unwrap_or_else(|| format!("{id}.yaml").into());
        if path.as_os_str() == "-" {
            context.print(&text)?;
            return Ok(Exit::Ok);
        }
        // Somebody's work is never written over.
        let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Failure::at(&path))?;
        context.print_line(&path.display().to_string())?;
        Ok(Exit::Ok)
    }
}

fn filled(text: &str, id: &str) -> String {
    text.replace("{id}", id).replace("{open}", "${{").replace("{close}", "}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actions::catalogue::catalogue, drill, program::check};

    #[test]
    fn a_new_playbook_has_no_problem() {
        let checked = check("new.yaml", &filled(PLAYBOOK, "bucket-exposed"), &catalogue());
        assert_eq!(checked.render(false, 100), "");
        assert!(checked.program.is_some_and(|program| program.len() == 4));
    }

    #[test]
    fn a_new_simulation_has_no_problem() {
        let text = filled(SIMULATION, "instance-stops");
        let found = drill::check("new.yaml", &text, &catalogue(), &|_| Err("none is named".into()));
        assert_eq!(found.checked.render(false, 100), "");
    }
}
