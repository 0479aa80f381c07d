//! The terminal that the program was started on: messages, the live view, questions, Ctrl-C. The
//! console of the runs that the command line conducts.

use std::io::{self, BufRead, IsTerminal, Write};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

use crate::{
    conduct::{Console, Exit, Watched, operator},
    engine::{Answer, Event, Question},
    report::{
        Look,
        live::{self, Head, Show, To, View},
        look::clean,
    },
};

pub struct Terminal {
    look: Look,
    /// Whether bars are drawn.
    bars: bool,
    verbose: bool,
    /// Lines typed on stdin, once somebody was asked for one. One question at a time.
    lines: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
}

impl Terminal {
    pub fn new(look: Look, bars: bool, verbose: bool) -> Self {
        Self { look, bars, verbose, lines: Mutex::default() }
    }
}

impl Console for Terminal {
    fn say(&self, line: &str) {
        // A closed stderr must not end what the command does.
        let _ = live::print_err(&format!("{line}\n"));
    }

    fn note(&self, line: &str) {
        if self.verbose {
            self.say(line);
        }
    }

    fn look(&self) -> Look {
        self.look
    }

    fn watch(
        &self,
        run: Watched<'_>,
        events: mpsc::UnboundedReceiver<Event>,
    ) -> BoxFuture<'static, ()> {
        let view = View::new(Head::with(run.dir, run.plan));
        let mut show = Show::new(view, self.look, To::Err, self.bars, run.secrets);
        show.earlier(run.earlier);
        let follower = live::follow(events, show);
        Box::pin(follower.finish())
    }

    fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let mut lines = self.lines.lock().await;
            let mut held = live::still().await;
            let lines = lines.get_or_insert_with(reader);
            // Input typed before the question was shown is not an answer to it.
            while lines.try_recv().is_ok() {}
            if write(&prompt(question)).is_err() {
                return Answer::Unreachable("the terminal cannot be written".into());
            }
            let typed = lines.recv().await;
            held.fresh = typed.is_some();
            match typed {
                Some(line) => read(&line),
                None => Answer::Unreachable("the terminal was closed".into()),
            }
        })
    }

    fn stop(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { tokio::signal::ctrl_c().await.is_ok() })
    }

    fn stop_at_once(&self) {
        std::process::exit(i32::from(Exit::Interrupted as u8));
    }
}

fn prompt(question: &Question) -> String {
    let role = question.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    format!(
        "\n{}{role}\n  {}\nType `yes` and an optional note, or the reason for refusing: ",
        clean(&question.step),
        question.text.replace(|c: char| c.is_control() && c != '\n', " ")
    )
}

fn read(line: &str) -> Answer {
    let by = operator();
    match line.strip_prefix("yes") {
        Some(rest) if rest.is_empty() || rest.starts_with([' ', ',']) => {
            let note = rest.trim_start_matches([',', ' ']);
            let reason = if note.is_empty() { "typed on the terminal" } else { note };
            Answer::Yes { by, reason: reason.into(), at: None, via: None }
        }
        _ => Answer::No { by, reason: line.into(), at: None, via: None },
    }
}

/// Reads stdin in a thread of its own, which nothing waits for: an answer from elsewhere must not
/// leave the process waiting for a line that nobody types any more.
fn reader() -> mpsc::UnboundedReceiver<String> {
    let (send, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if send.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    lines
}

fn write(text: &str) -> io::Result<()> {
    let mut err = io::stderr();
    // An answer without a visible question would be no answer.
    err.write_all(text.as_bytes()).and_then(|()| err.flush())
}

/// One typed line; none when the input has ended.
pub fn line(prompt: &str) -> Option<String> {
    write(prompt).ok()?;
    let mut text = String::new();
    match io::stdin().lock().read_line(&mut text) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_yes_is_one() {
        for line in ["yes", "yes, ticket 7", "yes ticket 7"] {
            assert!(matches!(read(line), Answer::Yes { .. }), "{line}");
        }
        for line in ["", "y", "yesterday", "no", "not yes"] {
            assert!(matches!(read(line), Answer::No { .. }), "{line}");
        }
    }
}
