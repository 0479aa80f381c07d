//! The configuration as runs use it: found and read once.

use std::path::{Path, PathBuf};

use crate::{
    config::{self, Checked, Config, Origin},
    report::plan::plural,
};

use super::{Exit, Failure};

/// Names no file.
pub(super) const NONE: &str = "none";

/// What was found; without a file, everything is as if there were an empty one.
#[derive(Debug, Default)]
pub struct Configuration {
    /// Where it is, and why that one is used.
    pub file: Option<(PathBuf, Origin)>,
    /// What it says, with its mistakes.
    pub checked: Option<Checked>,
    /// It is there, and cannot be read or is not this user's own.
    unreadable: Option<String>,
    none: Config,
}

impl Configuration {
    /// The file that is given; else the nearest from the current folder upwards, or the user's.
    pub(super) fn find(given: Option<&str>) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let Some((path, origin)) = config::locate(given, &here, home.as_deref()) else {
            return Self::default();
        };
        let mut found = Self { file: Some((path.clone(), origin)), ..Self::default() };
        let foreign = if origin == Origin::Given { None } else { config::foreign(&path) };
        if let Some(why) = foreign {
            found.unreadable = Some(format!("{why}, so it is not used; nothing was changed"));
            return found;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => found.checked = Some(config::parse(&path, &text)),
            Err(e) => found.unreadable = Some(format!("{} cannot be read: {e}", path.display())),
        }
        found
    }

    /// What of it is good.
    pub fn config(&self) -> &Config {
        self.checked.as_ref().map_or(&self.none, |checked| &checked.config)
    }

    /// The folder that paths in the file are relative to.
    pub fn folder(&self) -> &Path {
        self.file.as_ref().and_then(|(path, _)| path.parent()).unwrap_or(Path::new("."))
    }

    /// The file with its mistakes, where it has errors.
    pub(super) fn mistaken(&self) -> Option<&Checked> {
        self.checked.as_ref().filter(|checked| checked.has_errors())
    }

    /// # Errors
    /// The file cannot be read, or has mistakes.
    pub(super) fn good(&self) -> Result<&Config, Failure> {
        if let Some(why) = &self.unreadable {
            return Err(Failure::new(Exit::Usage, why.clone())
                .help("`--config none` runs without a configuration, `--config FILE` with the one that you name"));
        }
        if let Some(checked) = self.mistaken() {
            let problems = plural(checked.diagnostics.len(), "problem");
            return Err(Failure::new(
                Exit::Invalid,
                format!("{} has {problems}; nothing was changed", checked.name),
            )
            .help("fix it, or run without a configuration: `--config none`"));
        }
        Ok(self.config())
    }
}
