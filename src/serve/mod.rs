//! The live page: the report of a run in progress, in a browser, with the questions that wait for
//! an answer. Owns the server from its first address to its end. It reads and never leads: a run knows
//! nothing of it, and loses nothing with it. What it shows and who takes the answers is its
//! [`Source`]'s.
//!
//! The security model is in docs/live.md.

mod guard;
mod hub;
mod listener;
mod page;
mod routes;
mod secret;
mod source;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub(crate) use source::{Ask, Given, Shown, Source, Stamp};

use guard::Names;
use hub::Hub;
use listener::Limited;
use routes::Shared;
use secret::Gate;

/// How much time pages have to fetch the last state.
const LAST: Duration = Duration::from_secs(3);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("{0} can be reached from other machines")]
    Remote(SocketAddr),
    #[error("the page cannot be served at {0}: {1}")]
    Bind(SocketAddr, io::Error),
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// An address that is ours. Nothing is answered yet.
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    names: Names,
    gate: Gate,
}

impl Bound {
    /// Takes the address; `remote` allows one that is not this machine's own.
    ///
    /// # Errors
    /// The address is taken, is not ours, or may not be used.
    pub(crate) async fn bind(asked: SocketAddr, remote: bool) -> Result<Self, ServeError> {
        let names = match (asked.ip().is_loopback(), remote) {
            (true, _) => Names::Loopback,
            (false, true) => Names::Figures,
            (false, false) => return Err(ServeError::Remote(asked)),
        };
        let failed = |error| ServeError::Bind(asked, error);
        let listener = TcpListener::bind(asked).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, names, gate: Gate::new()? })
    }

    /// The link that opens the page, once.
    pub(crate) fn link(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}/?token={}", self.gate.token())
    }

    /// Serves until [`Serving::end`], in tasks of its own.
    pub(crate) fn start(self, run: &str, source: Arc<dyn Source>) -> Serving {
        let hub = Arc::new(Hub::new(source));
        let shared = Arc::new(Shared::new(self.gate, hub.clone(), run, self.names));
        let (stop, mut stopped) = watch::channel(false);
        let folding = hub.clone();
        let server = axum::serve(Limited::new(self.listener), routes::router(shared))
            .with_graceful_shutdown(async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            });
        Serving {
            hub,
            stop,
            folding: tokio::spawn(async move { folding.run().await }),
            server: tokio::spawn(async move {
                if let Err(error) = server.await {
                    tracing::warn!(%error, "the live page has ended");
                }
            }),
        }
    }
}

/// A page that is served.
pub(crate) struct Serving {
    hub: Arc<Hub>,
    stop: watch::Sender<bool>,
    folding: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl Serving {
    /// Shows the last state to everybody who looks, then ends; after `until` if that comes later.
    pub(crate) async fn end(self, until: impl Future<Output = ()>) {
        self.folding.abort();
        self.hub.close().await;
        until.await;
        let gone = async {
            while self.hub.watched() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // Who does not fetch it in time has closed the page, or is too slow to wait for.
        let _ = tokio::time::timeout(LAST, gone).await;
        self.stop.send_replace(true);
        let mut server = self.server;
        if tokio::time::timeout(LAST, &mut server).await.is_err() {
            server.abort();
        }
    }
}
