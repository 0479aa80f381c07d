//! Asks the responder on the terminal, or takes the answers that the command line brought.

use std::io::{self, BufRead, IsTerminal, Write};

use futures::future::BoxFuture;

use crate::{
    engine::{Answer, Human, Question},
    report::look::clean,
};

use super::prepare::operator;

/// `--approve STEP` and, on a terminal, questions.
pub struct Terminal {
    /// Steps approved beforehand; `all` is every one.
    pub approved: Vec<String>,
    pub interactive: bool,
}

impl Terminal {
    pub fn new(approved: Vec<String>) -> Self {
        Self { approved, interactive: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }
}

impl Human for Terminal {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if self.approved.iter().any(|step| *step == question.step || step == "all") {
                return Answer::Yes { by: operator(), reason: "given on the command line".into() };
            }
            if !self.interactive {
                return Answer::Unreachable(format!(
                    "when it is done: `backburn resume last --approve {}`",
                    question.step
                ));
            }
            let question = question.clone();
            let asked = tokio::task::spawn_blocking(move || ask(&question)).await;
            asked.unwrap_or_else(|_| Answer::Unreachable("the terminal cannot be read".into()))
        })
    }
}

fn ask(question: &Question) -> Answer {
    let role = question.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    let prompt = format!(
        "\n{}{role}\n  {}\nType `yes` and what there is to note, or the reason why not: ",
        clean(&question.step),
        question.text.replace(|c: char| c.is_control() && c != '\n', " ")
    );
    match line(&prompt) {
        Some(answer)
            if answer == "yes" || answer.starts_with("yes ") || answer.starts_with("yes,") =>
        {
            let note = answer[3..].trim_start_matches([',', ' ']);
            let reason = if note.is_empty() { "typed on the terminal" } else { note };
            Answer::Yes { by: operator(), reason: reason.into() }
        }
        Some(reason) => Answer::No { by: operator(), reason },
        None => Answer::Unreachable("the terminal was closed".into()),
    }
}

/// One typed line; none when the input has ended.
pub fn line(prompt: &str) -> Option<String> {
    let mut err = io::stderr();
    // An answer without a visible question would be no answer.
    err.write_all(prompt.as_bytes()).and_then(|()| err.flush()).ok()?;
    let mut text = String::new();
    match io::stdin().lock().read_line(&mut text) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(text.trim().to_owned()),
    }
}
