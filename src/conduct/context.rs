//! What every command shares: global options, where runs live, how output looks. Owns the printing
//! of data (stdout), of everything else (stderr) and of failures.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    sync::{Arc, OnceLock, PoisonError},
    time::Duration,
};

use serde::Serialize;

use crate::{
    aws::{ConnectOptions, Haste},
    cli::{Color, Global},
    crash_matrix::Rehearsal,
    journal::{redact, redact_text},
    lab::LabOptions,
    report::{
        Look,
        live::{self, To},
    },
};

use super::{configured::Settings, exit::Exit, failure::Failure, secrets::Secrets};

/// What a command works with.
#[derive(Clone, Debug)]
pub struct Context {
    pub global: Global,
    pub out: Look,
    pub err: Look,
    /// Whether a terminal can draw over what it shows.
    moves: bool,
    /// What must not be shown: the values of sensitive inputs.
    secrets: Secrets,
    settings: Arc<OnceLock<Settings>>,
}

impl Context {
    pub fn new(global: Global) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let asked_not = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
                terminal && !is_dumb && !asked_not
            }
        };
        let width = terminal_width();
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let out_look = Look { color: color(out), width: if out { width } else { 100 } };
        let err_look = Look { color: color(err), width: if err { width } else { 100 } };
        let (secrets, settings) = (Arc::default(), Arc::default());
        Self { out: out_look, err: err_look, moves: !is_dumb, secrets, settings, global }
    }

    /// From now on these values are replaced in everything that is printed.
    pub fn hide(&self, secrets: Vec<String>) {
        let mut hidden = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        hidden.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
        // A secret that holds another one goes first, or its rest would stay.
        hidden.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        hidden.dedup();
    }

    /// The configuration, read when it is first asked for.
    pub fn settings(&self) -> &Settings {
        self.settings.get_or_init(|| {
            let found = Settings::find(self.global.config.as_deref());
            if let Some((path, origin)) = found.file.as_ref().filter(|_| self.global.verbose > 0) {
                self.say(&format!("configuration: {}, {}", path.display(), origin.words()));
            }
            found
        })
    }

    /// The same list for what shows something by itself.
    pub fn hidden(&self) -> Secrets {
        Arc::clone(&self.secrets)
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bars are drawn only where someone sees them move.
    pub fn bars(&self, to: To) -> bool {
        self.moves && to.is_terminal()
    }

    pub fn json(&self) -> bool {
        self.global.json
    }

    pub fn home(&self) -> &std::path::Path {
        &self.global.home
    }

    pub fn connect_options(&self) -> ConnectOptions {
        ConnectOptions {
            profile: self.global.profile.clone(),
            region: self.global.region.clone(),
            endpoint_url: self.global.endpoint_url.clone(),
            allow_remote_endpoint: self.global.allow_remote_endpoint,
            haste: Rehearsal::asked().map(|asked| Haste {
                attempt: asked.attempt.map(Duration::from_millis),
                patience: asked.patience(),
            }),
            ..ConnectOptions::default()
        }
    }

    pub fn lab_options(&self) -> LabOptions {
        let home = self.home();
        let cache =
            std::env::var_os("BACKBURN_CACHE").map_or_else(|| home.join("cache"), PathBuf::from);
        LabOptions {
            // Where the system does not tell, the lab goes without its front.
            program: std::env::current_exe().ok(),
            ..LabOptions::new(home.join("lab"), cache)
        }
    }

    /// Data for people or, with `--json`, for programs.
    pub fn data<T: Serialize>(
        &self,
        text: impl FnOnce(&Look) -> String,
        json: &T,
    ) -> Result<(), Failure> {
        let text = if self.json() {
            let json = serde_json::to_value(json)
                .and_then(|json| serde_json::to_string_pretty(&redact(json, &self.secrets())))
                .map_err(|e| {
                    Failure::new(Exit::Internal, format!("JSON cannot be written: {e}"))
                })?;
            format!("{json}\n")
        } else {
            redact_text(text(&self.out), &self.secrets())
        };
        self.print(&text)
    }

    /// # Errors
    /// Stdout cannot be written; a reader that has gone is no error.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Internal, format!("stdout cannot be written: {e}")))
            }
            _ => Ok(()),
        }
    }

    /// Something for people, beside the data.
    pub fn say(&self, text: &str) {
        // A closed stderr must not end what the command does.
        let _ = live::print_err(&(redact_text(text.into(), &self.secrets()) + "\n"));
    }

    pub fn fail(&self, failure: &Failure) -> Exit {
        use crate::report::look::{BAD, CARE};
        let code = failure.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
        if self.json() {
            let hidden = |text: &String| redact_text(text.clone(), &self.secrets());
            let json = serde_json::json!({
                "error": hidden(&failure.message), "help": failure.help.as_ref().map(hidden),
                "code": failure.code, "exit": failure.exit as u8,
            });
            let _ = self.print(&format!("{json}\n"));
        }
        self.say(&format!("{}{code} {}", self.err.paint(BAD, "error:"), failure.message));
        if let Some(help) = &failure.help {
            self.say(&format!("  {} {help}", self.err.paint(CARE, "help:")));
        }
        failure.exit
    }
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).max(40))
}
