//! The terminal that the program was started on: messages, the live view, questions, and the signals that
//! ask to stop. The console of the runs that the command line conducts.

use std::{
    io::{self, BufRead, IsTerminal},
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

use crate::{
    aws::AskCode,
    conduct::{Console, Exit, Watched},
    engine::{Answer, Event, Question, Reply},
    report::{
        Look,
        live::{self, Head, Show, View},
        look::clean,
    },
    text::{Ready, Stream, line, one_line},
};

use super::signals::Signals;

pub(super) struct Terminal {
    look: Look,
    /// Whether bars are drawn.
    bars: bool,
    verbose: bool,
    /// Lines typed on stdin, once somebody was asked for one. One question at a time.
    lines: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
    /// Requests to stop, once a run is worked on. None where the system takes no handlers.
    signals: OnceLock<Option<Mutex<Signals>>>,
}

impl Terminal {
    pub(super) fn new(look: Look, bars: bool, verbose: bool) -> Self {
        Self { look, bars, verbose, lines: Mutex::default(), signals: OnceLock::new() }
    }

    fn signals(&self) -> Option<&Mutex<Signals>> {
        self.signals.get_or_init(|| Signals::listen().ok().map(Mutex::new)).as_ref()
    }
}

impl Console for Terminal {
    fn say(&self, line: &str) {
        self.show(&one_line(line));
    }

    fn show(&self, text: &str) {
        // A closed stderr must not end what the command does.
        let _ = live::print_err(&(text.to_owned() + "\n"));
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
        let mut show = Show::new(view, self.look, Stream::Err, self.bars, run.secrets);
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
            // Input typed before the question was shown is not an answer to it.
            let unread = typed_ahead();
            let lines = lines.get_or_insert_with(reader);
            let mut early = Vec::new();
            while let Ok(line) = lines.try_recv() {
                early.push(line);
            }
            let mut text = ignored(unread, &early) + &prompt(question);
            loop {
                if write(&text).is_err() {
                    return Answer::Unreachable("the terminal cannot be written".into());
                }
                let typed = lines.recv().await;
                held.fresh = typed.is_some();
                match typed.as_deref().map(read) {
                    Some(Ok(answer)) => return answer,
                    Some(Err(again)) => text = again,
                    None => return Answer::Unreachable("the terminal was closed".into()),
                }
            }
        })
    }

    fn listen(&self) {
        self.signals();
    }

    fn stop(&self) -> BoxFuture<'_, bool> {
        Box::pin(async {
            match self.signals() {
                Some(signals) => signals.lock().await.next().await,
                None => false,
            }
        })
    }

    fn stop_at_once(&self, last: &str) {
        // Past the view, which would end with the process before it wrote this; and by a thread that nothing waits
        // for, since the terminal may take nothing.
        let text = one_line(last) + "\n";
        let (done, written) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(write(&text)));
        let _ = written.recv_timeout(Duration::from_secs(1));
        std::process::exit(i32::from(Exit::Interrupted as u8));
    }
}

const AGAIN: &str =
    "That is no answer. Type `yes` or `no`, and the reason after it, such as `yes, ticket 7`: ";

/// After a `yes` or `no` that is meant, and says no more.
fn why(word: &str) -> String {
    format!(
        "A reason is required, and it is journaled. Type it after the word, such as `{word}, ticket 7`: "
    )
}

fn prompt(question: &Question) -> String {
    let role = question.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    let mut text = String::from("\n");
    line!(text, "{}{role}", clean(&question.step));
    // Whatever its lines say, none of them begins where the program's own do.
    question.text.lines().for_each(|one| line!(text, "  {one}"));
    text + "Type `yes` or `no`, and the reason after it: "
}

/// What a typed line answers.
///
/// # Errors
/// It is neither `yes` nor `no`, or has no reason: what to say then.
fn read(line: &str) -> Result<Answer, String> {
    let after = |word: &str| {
        let rest = line.strip_prefix(word)?;
        let ends = |c: char| c.is_whitespace() || ",.!:".contains(c);
        rest.chars().next().is_none_or(ends).then(|| rest.trim_start_matches(ends).trim_end())
    };
    let yes = after("yes").map(|reason| (true, reason));
    let found = yes.or_else(|| after("no").map(|reason| (false, reason)));
    let (yes, reason) = found.ok_or(AGAIN)?;
    if !reason.contains(char::is_alphanumeric) {
        return Err(why(if yes { "yes" } else { "no" }));
    }
    let reply = Reply { reason: reason.to_owned(), ..Reply::default() };
    Ok(if yes { Answer::Yes(reply) } else { Answer::No(reply) })
}

/// Forgets what was typed and not read yet; whether there was any.
fn typed_ahead() -> bool {
    #[cfg(unix)]
    {
        use rustix::{io::ioctl_fionread, termios};
        let stdin = io::stdin();
        let waiting = ioctl_fionread(&stdin).is_ok_and(|bytes| bytes > 0);
        let flushed = termios::tcflush(&stdin, termios::QueueSelector::IFlush);
        waiting && flushed.is_ok()
    }
    #[cfg(not(unix))]
    false
}

/// Says so, where something was typed too early: whoever typed it believes that it was an answer.
fn ignored(unread: bool, early: &[String]) -> String {
    let all: Vec<_> = early.iter().map(|line| format!("`{}`", clean(line))).collect();
    match (unread, all.is_empty()) {
        (false, true) => String::new(),
        (true, true) => "\nWhat was typed before this question is ignored.\n".into(),
        (_, false) => {
            let mut text = String::from("\n");
            line!(text, "Typed before this question, and ignored: {}", all.join(", "));
            text
        }
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
    // An answer without a visible question would be no answer.
    Stream::Err.write(&Ready::text(text))
}

/// Asks for the code of a device, where somebody can be asked: what stands on the terminal makes room for it.
pub(super) fn ask_code() -> AskCode {
    AskCode(Arc::new(|prompt| {
        Box::pin(async move {
            if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
                return None;
            }
            let mut held = live::still().await;
            let typed = tokio::task::spawn_blocking(move || line(&prompt)).await.ok().flatten();
            held.fresh = typed.is_some();
            typed
        })
    }))
}

/// One line typed after the question; none when the input has ended.
pub(super) fn line(prompt: &str) -> Option<String> {
    let unread = typed_ahead();
    write(&(ignored(unread, &[]) + prompt)).ok()?;
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
    fn only_a_yes_or_no_with_its_reason_is_an_answer() {
        for line in ["yes,ticket 7", "yes, ticket 7", "yes ticket 7", "yes: ticket 7"] {
            assert!(matches!(read(line), Ok(Answer::Yes(reply)) if reply.reason == "ticket 7"));
        }
        for line in ["no, it is the build host", "no wrong host"] {
            assert!(matches!(read(line), Ok(Answer::No(_))), "{line}");
        }
        for line in ["", "y", "yesterday", "not yes", "nobody", "Yes!", "n"] {
            assert_eq!(read(line), Err(AGAIN.to_owned()), "{line}");
        }
        for line in ["yes", "yes!", "yes, ", "yes ."] {
            assert_eq!(read(line), Err(why("yes")), "{line}");
        }
        for line in ["no", "no ,"] {
            assert_eq!(read(line), Err(why("no")), "{line}");
        }
        assert!(why("no").contains("A reason is required") && why("no").contains("`no, ticket 7`"));
        assert!(
            matches!(read("no, wrong host"), Ok(Answer::No(reply)) if reply.reason == "wrong host")
        );
    }
}
