//! The signals that ask a command to stop: Ctrl-C (SIGINT), what `kill` and CI runners send (SIGTERM), and
//! a terminal that goes away, such as a lost SSH session (SIGHUP). Owns that they are one; what a request
//! means is `conduct`'s.

use std::io;

use tokio::sync::mpsc;

/// Asked to stop, since this was made. From then on none of the signals ends the process by itself.
pub(super) struct Signals {
    asked: mpsc::UnboundedReceiver<()>,
}

impl Signals {
    /// # Errors
    /// The system takes no handlers.
    pub(super) fn listen() -> io::Result<Self> {
        let (tell, asked) = mpsc::unbounded_channel();
        let mut heard = Heard::new()?;
        tokio::spawn(async move { while heard.next().await && tell.send(()).is_ok() {} });
        Ok(Self { asked })
    }

    /// Returns at the next request; a request that came before is not lost. `false` when none can come.
    pub(super) async fn next(&mut self) -> bool {
        self.asked.recv().await.is_some()
    }
}

/// Returns at the first request from now on.
///
/// # Errors
/// The system takes no handlers.
pub(super) async fn next() -> io::Result<()> {
    Heard::new()?.next().await;
    Ok(())
}

#[cfg(unix)]
struct Heard([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Heard {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) -> bool {
        let [interrupt, terminate, hangup] = &mut self.0;
        let heard = tokio::select! {
            heard = interrupt.recv() => heard,
            heard = terminate.recv() => heard,
            heard = hangup.recv() => heard,
        };
        heard.is_some()
    }
}

#[cfg(not(unix))]
struct Heard;

#[cfg(not(unix))]
impl Heard {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
