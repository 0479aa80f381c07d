//! What every command shares: the options that all take, and how output looks. Owns the printing of
//! data (stdout), of everything else (stderr) and of failures.

use std::{
    io::{self, IsTerminal, Write},
    ops::Deref,
    sync::Arc,
};

use serde::Serialize;

use crate::{
    aws::ConnectOptions,
    conduct::{self, Exit, Failure},
    journal::{redact, redact_text},
    report::{
        Look,
        live::To,
        look::{BAD, CARE},
    },
};

use super::{
    global::{Color, Global},
    terminal::Terminal,
};

/// What a command works with: the context that runs are conducted with, and how it is shown.
#[derive(Clone)]
pub struct Context {
    pub global: Global,
    pub out: Look,
    pub err: Look,
    /// Whether a terminal can draw over what it shows.
    moves: bool,
    conduct: conduct::Context,
}

impl Deref for Context {
    type Target = conduct::Context;

    fn deref(&self) -> &conduct::Context {
        &self.conduct
    }
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
        let out = Look { color: color(out), width: if out { width } else { 100 } };
        let err = Look { color: color(err), width: if err { width } else { 100 } };
        let moves = !is_dumb;
        let terminal = Terminal::new(err, moves && To::Err.is_terminal(), global.verbose > 0);
        let connect = ConnectOptions {
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
            allow_remote_endpoint: global.allow_remote_endpoint,
            ..ConnectOptions::default()
        };
        let conduct = conduct::Context::at(&global.home)
            .connecting(connect)
            .configured(global.config.clone())
            .in_account(global.account.clone())
            .heard_by(Arc::new(terminal));
        Self { global, out, err, moves, conduct }
    }

    /// Bars are drawn only where someone sees them move.
    pub fn bars(&self, to: To) -> bool {
        self.moves && to.is_terminal()
    }

    pub fn json(&self) -> bool {
        self.global.json
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

    pub fn fail(&self, failure: &Failure) -> Exit {
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
