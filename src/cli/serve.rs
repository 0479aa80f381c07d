//! `--serve`: the live page of a run. Owns the options and the words around it; the server is
//! `crate::serve`'s, and what joins it to a run `conduct`'s.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use clap::Args;

use crate::{
    conduct::LivePage,
    journal::RunDir,
    serve::{Bound, ServeError, Serving},
};

use super::{Context, Exit, Failure, signals};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Serve {
    /// Show the run in a browser while it is in progress, and take approvals there; prints a link that opens
    /// the page once [default address: a free port of 127.0.0.1]
    #[arg(
        long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:0",
        value_parser = address, help_heading = "Live page"
    )]
    serve: Option<SocketAddr>,
    /// Allow `--serve` to use an address that other machines can reach. The page is not encrypted: anyone
    /// on the network path can read it and take over the session that approves steps
    #[arg(long, requires = "serve", help_heading = "Live page")]
    allow_remote_page: bool,
    /// Keep serving the finished page until Ctrl-C
    #[arg(long, requires = "serve", help_heading = "Live page")]
    keep_serving: bool,
}

/// `127.0.0.1:8080`, `[::1]:8080`, `:8080` or `8080`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = local.as_deref().unwrap_or(text).parse();
    parsed.map_err(|_| "write it as `127.0.0.1:PORT`, or the port alone".into())
}

/// A bound address, and how it is served.
pub(super) struct Page {
    bound: Bound,
    keep: bool,
    remote: bool,
}

impl Serve {
    pub(super) fn is_asked(&self) -> bool {
        self.serve.is_some()
    }

    /// Takes the address, before anything is run.
    pub(super) async fn bind(&self) -> Result<Option<Page>, Failure> {
        let Some(address) = self.serve else { return Ok(None) };
        let bound = Bound::bind(address, self.allow_remote_page).await.map_err(|error| {
            let help = match error {
                ServeError::Remote(_) => {
                    "use 127.0.0.1, and `ssh -L` from elsewhere; `--allow-remote-page` serves it unencrypted to whoever reaches the address"
                }
                ServeError::Bind(..) => "give another port, or none for a free one",
                ServeError::Random(_) => "run it without `--serve`",
            };
            Failure::new(Exit::Refused, format!("{error}; nothing was changed")).help(help)
        })?;
        let remote = !address.ip().is_loopback();
        Ok(Some(Page { bound, keep: self.keep_serving, remote }))
    }
}

impl Page {
    /// Serves a run that this process works on, from now on.
    pub(super) fn start(self, context: &Context, dir: &RunDir) -> Live {
        let source = LivePage::of(context, dir, true);
        context.say(&format!("live page: {}", self.bound.link()));
        context.say(
            "  the link opens it once, in one browser; whoever has the page can approve steps",
        );
        if self.remote {
            context.say(
                "  it is not encrypted: whoever is on the way to it can read it and approve steps",
            );
        }
        Live { serving: self.bound.start(dir.id(), Arc::new(source)), keep: self.keep }
    }

    /// Shows a run that others work on, until Ctrl-C. It takes no answers.
    pub(super) async fn show(self, context: &Context, dir: &RunDir) {
        let source = LivePage::of(context, dir, false);
        context.say(&format!("page: {}", self.bound.link()));
        context.say("  the link opens it once, in one browser; Ctrl-C ends it");
        let serving = self.bound.start(dir.id(), Arc::new(source));
        let _ = signals::next().await;
        serving.end(std::future::ready(())).await;
    }
}

/// A page that is served while this process works on its run.
pub(super) struct Live {
    serving: Serving,
    keep: bool,
}

impl Live {
    /// The run has ended: shows how, then ends.
    pub(super) async fn end(self, context: &Context) {
        let keep = self.keep;
        let until = async {
            if keep {
                context.say("the page stays until Ctrl-C");
                let _ = signals::next().await;
            }
        };
        self.serving.end(until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_may_be_short() {
        for (text, wanted) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("localhost:1", "127.0.0.1:1"),
            ("[::1]:80", "[::1]:80"),
            ("0.0.0.0:0", "0.0.0.0:0"),
        ] {
            assert_eq!(address(text).expect("an address").to_string(), wanted);
        }
        for wrong in ["playbook.yaml", "", "127.0.0.1", "evil.example:80", "70000"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
