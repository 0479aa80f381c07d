//! Follows the events of this process's run in a task of its own, which alone writes to the terminal
//! while bars are drawn. Owns how others write in between: questions, logs, and a command's messages.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::RuntimeFlavor,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    engine::Event,
    text::{Ready, Stream},
};

use super::Show;

/// How often bars move.
pub(super) const TICK: Duration = Duration::from_millis(125);

/// Events that are drawn together where they come faster than a terminal takes them one by one.
const AT_ONCE: usize = 64;

/// The follower that has the terminal, if there is one.
static LIVE: Mutex<Option<mpsc::UnboundedSender<Ask>>> = Mutex::new(None);

enum Ask {
    Text(String),
    Hold(oneshot::Sender<()>),
    /// Whether the cursor is at the start of a line.
    GoOn(bool),
}

/// Follows a run until its events end.
pub struct Follower(JoinHandle<()>);

pub fn follow(mut events: mpsc::UnboundedReceiver<Event>, mut show: Show) -> Follower {
    let (ask, mut asked) = mpsc::unbounded_channel();
    *LIVE.lock().unwrap_or_else(PoisonError::into_inner) = Some(ask);
    Follower(tokio::spawn(async move {
        let mut tick = tokio::time::interval(TICK);
        let mut news = Vec::new();
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                // What happened before a question was asked is shown before it.
                biased;
                count = events.recv_many(&mut news, AT_ONCE) => match count {
                    0 => break,
                    _ => aside(|| show.events(news.drain(..))),
                },
                Some(ask) = asked.recv() => match ask {
                    Ask::Text(text) => aside(|| show.text(&text)),
                    Ask::Hold(done) => {
                        aside(|| show.hold());
                        let _ = done.send(());
                    }
                    Ask::GoOn(fresh) => aside(|| show.go_on(fresh)),
                },
                _ = tick.tick() => aside(|| show.tick()),
            }
        }
        *LIVE.lock().unwrap_or_else(PoisonError::into_inner) = None;
        while let Ok(ask) = asked.try_recv() {
            match ask {
                Ask::Text(text) => show.text(&text),
                Ask::GoOn(fresh) => show.go_on(fresh),
                Ask::Hold(_) => {}
            }
        }
        show.end();
    }))
}

/// Writes to the terminal. A terminal that is held (Ctrl-S) or a pipe that nobody reads takes nothing, and
/// the run must not wait for it: its other tasks move to another thread.
fn aside(write: impl FnOnce()) {
    match tokio::runtime::Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(write),
        _ => write(),
    }
}

impl Follower {
    /// Waits until every event has been shown; the sender must be gone.
    pub async fn finish(self) {
        // A view that broke must not keep the run from ending.
        let _ = self.0.await;
    }
}

fn tell(ask: Ask) -> Result<(), Ask> {
    match &*LIVE.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(live) => live.send(ask).map_err(|back| back.0),
        None => Err(ask),
    }
}

/// The terminal is a question's until this is dropped.
pub struct Held {
    /// The cursor is at the start of a line again, since something was typed or written to its end.
    pub fresh: bool,
}

/// Takes the bars away, and returns when the terminal is free.
pub async fn still() -> Held {
    let (done, is_done) = oneshot::channel();
    if tell(Ask::Hold(done)).is_ok() {
        // A view that broke has let go of the terminal as well.
        let _ = is_done.await;
    }
    Held { fresh: false }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = tell(Ask::GoOn(self.fresh));
    }
}

/// Prints something on stderr, above the bars if there are any.
pub fn print_err(text: &str) -> io::Result<()> {
    match tell(Ask::Text(text.into())) {
        Ok(()) => Ok(()),
        Err(_) => Stream::Err.write(&Ready::text(text)),
    }
}

/// Stderr for logs.
pub fn writer() -> impl io::Write {
    struct Above;
    impl io::Write for Above {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            print_err(&String::from_utf8_lossy(bytes)).map(|()| bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    io::LineWriter::new(Above)
}
