//! Asks the responder: on the terminal, by the answers that the command line brought, and by what
//! `approve` leaves from another terminal. Owns which of them counts first.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

use crate::{
    engine::{Answer, Human, Question},
    notify::{Notification, Office},
    report::{live, look::clean},
};

use super::{
    desk::{Asked, Desk},
    prepare::operator,
};

/// How often the run looks for an answer from elsewhere.
const LOOK: Duration = Duration::from_millis(300);

/// What the command line says of approvals.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Steps approved beforehand; `all` is every one.
    pub steps: Vec<String>,
    /// Wait for `approve` where nobody can be asked on the terminal.
    pub wait: bool,
}

impl From<Vec<String>> for Approvals {
    fn from(steps: Vec<String>) -> Self {
        Self { steps, wait: false }
    }
}

/// `--approve STEP`, `approve` from elsewhere and, on a terminal, questions.
pub struct Terminal {
    approvals: Approvals,
    interactive: bool,
    desk: Desk,
    office: Arc<Office>,
    /// Lines typed on stdin, once somebody was asked for one. One question at a time.
    lines: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
}

impl Terminal {
    pub fn new(approvals: Approvals, desk: Desk, office: Arc<Office>) -> Self {
        let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { approvals, interactive, desk, office, lines: Mutex::default() }
    }

    async fn typed(&self, question: &Question) -> Answer {
        let mut lines = self.lines.lock().await;
        let mut held = live::still().await;
        let lines = lines.get_or_insert_with(reader);
        // What was typed before the question was seen is no answer to it.
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
    }

    async fn given(&self, asked: &Asked) -> Answer {
        loop {
            if let Some(answer) = self.desk.take(asked) {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Human for Terminal {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let Approvals { steps, wait } = &self.approvals;
            if steps.iter().any(|step| *step == question.step || step == "all") {
                let reason = "given on the command line".into();
                return Answer::Yes { by: operator(), reason, at: None, via: None };
            }
            let asked = self.desk.put(question);
            if let Some(answer) = self.desk.take(&asked) {
                return answer;
            }
            let Question { step, role, text } = question;
            let text = &self.office.redact(text);
            self.office
                .tell(|about| Notification::approval_wanted(about, step, role.as_deref(), text));
            if !self.interactive && !wait {
                return Answer::Unreachable(elsewhere(question));
            }
            if !self.interactive {
                // Whoever looks at this terminal sees what to type at another.
                let _ = live::print_err(&self.desk.how(&asked));
            }
            let answer = tokio::select! {
                answer = self.given(&asked) => {
                    if self.interactive {
                        // The prompt is still there; the run goes on all the same.
                        let _ = live::print_err("answered from another terminal\n");
                    }
                    answer
                }
                answer = self.typed(question), if self.interactive => answer,
            };
            if !matches!(answer, Answer::Unreachable(_)) {
                self.desk.withdraw(&question.step);
            }
            answer
        })
    }
}

/// How a question is answered that nobody could be asked.
fn elsewhere(question: &Question) -> String {
    format!("when it is done: `backburn resume last --approve {}`", question.step)
}

fn prompt(question: &Question) -> String {
    let role = question.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    format!(
        "\n{}{role}\n  {}\nType `yes` and what there is to note, or the reason why not: ",
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
