//! What every command shares: the options that all take, and how output looks. Owns the printing of
//! data (stdout), of everything else (stderr) and of failures.

use std::{io, ops::Deref, sync::Arc};

use serde::Serialize;

use crate::{
    aws::ConnectOptions,
    conduct::{self, Exit, Failure},
    journal::{redact, redact_text},
    report::{
        Look,
        look::{BAD, CARE},
    },
    text::{self, Ready, Stream, line},
};

use super::{
    global::{Color, Global},
    terminal::{self, Terminal},
};

/// What a command works with: the context that runs are conducted with, and how it is shown.
#[derive(Clone)]
pub(super) struct Context {
    pub global: Global,
    pub out: Look,
    pub err: Look,
    /// Whether a terminal can draw over what it shows.
    moves: bool,
    /// Whether stdout was a terminal when the program started.
    on_terminal: bool,
    conduct: conduct::Context,
}

impl Deref for Context {
    type Target = conduct::Context;

    fn deref(&self) -> &conduct::Context {
        &self.conduct
    }
}

impl Context {
    pub(super) fn new(global: Global) -> Self {
        let named = global.home.clone().filter(|home| !home.as_os_str().is_empty());
        // A system that knows no home directory of this user may have a temporary folder; one that
        // somebody else has prepared there is refused.
        let home = named.or_else(conduct::default_home);
        let home = home.unwrap_or_else(|| std::env::temp_dir().join("backburn-home"));
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
        let (out, err) = (Stream::Out.is_terminal(), Stream::Err.is_terminal());
        let on_terminal = out;
        let out = Look { color: color(out), width: if out { width } else { 100 } };
        let err = Look { color: color(err), width: if err { width } else { 100 } };
        let moves = !is_dumb;
        let terminal = Terminal::new(err, moves && Stream::Err.is_terminal(), global.verbose > 0);
        let connect = ConnectOptions {
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
            allow_remote_endpoint: global.allow_remote_endpoint,
            ask_code: Some(terminal::ask_code()),
            ..ConnectOptions::default()
        };
        let conduct = conduct::Context::at(home)
            .connecting(connect)
            .configured(global.config.clone())
            .in_account(global.account.clone())
            .heard_by(Arc::new(terminal));
        Self { global, out, err, moves, on_terminal, conduct }
    }

    /// Bars are drawn only where someone sees them move.
    pub(super) fn bars(&self, to: Stream) -> bool {
        self.moves && to.is_terminal()
    }

    pub(super) fn json(&self) -> bool {
        self.global.json
    }

    /// Data for people or, with `--json`, for programs.
    pub(super) fn data<T: Serialize>(
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
            return self.print_json(&(json + "\n"));
        } else {
            redact_text(text(&self.out), &self.secrets())
        };
        self.print(&text)
    }

    /// Lines for people, or text in a format whose strings the caller has made harmless.
    ///
    /// # Errors
    /// Stdout cannot be written; a reader or a terminal that has gone is no error.
    pub(super) fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(&Ready::text(text))
    }

    /// One line for people.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(super) fn print_line(&self, line: &str) -> Result<(), Failure> {
        self.print(&(text::one_line(line) + "\n"))
    }

    /// Text in a format whose maker has escaped its values.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(super) fn print_format(&self, text: &str) -> Result<(), Failure> {
        self.write(&Ready::format(text))
    }

    /// JSON as `serde_json` writes it.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(super) fn print_json(&self, json: &str) -> Result<(), Failure> {
        self.write(&Ready::text(&text::json(json)))
    }

    /// Commands to the runner of a CI system, which reads both streams: with `--json`, stdout holds one document
    /// and nothing else.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(super) fn command_runner(&self, commands: &str) -> Result<(), Failure> {
        let commands = Ready::format(commands);
        if self.json() {
            // Nothing is lost for the command itself.
            let _ = Stream::Err.write(&commands);
            return Ok(());
        }
        self.write(&commands)
    }

    fn write(&self, text: &Ready) -> Result<(), Failure> {
        let gone = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe || self.on_terminal;
        match Stream::Out.write(text) {
            Err(e) if !gone(&e) => {
                Err(Failure::new(Exit::Internal, format!("stdout cannot be written: {e}")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn fail(&self, failure: &Failure) -> Exit {
        let code = failure.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
        if self.json() {
            let hidden = |text: &String| redact_text(text.clone(), &self.secrets());
            let json = serde_json::json!({
                "error": hidden(&failure.message), "help": failure.help.as_ref().map(hidden),
                "code": failure.code, "exit": failure.exit as u8,
            });
            let _ = self.print_json(&(json.to_string() + "\n"));
        }
        let mut text = String::new();
        let mut tell = |head: &str, words: &str, room: usize| {
            for (nth, one) in words.lines().enumerate() {
                // What follows is indented, so that no value in it can begin a line.
                match nth {
                    0 => line!(text, "{head} {one}"),
                    _ => line!(
                        text,
                        "{:room$}{}",
                        "",
                        one.strip_prefix(&" ".repeat(room)).unwrap_or(one)
                    ),
                }
            }
        };
        tell(&format!("{}{code}", self.err.paint(BAD, "error:")), &failure.message, 7);
        if let Some(help) = &failure.help {
            tell(&format!("  {}", self.err.paint(CARE, "help:")), help, 8);
        }
        self.show(text.trim_end_matches('\n'));
        failure.exit
    }
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).max(40))
}
