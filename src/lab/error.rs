//! What can go wrong with the lab, each with what to do next. Owns the words, not the decisions.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::front;

/// Every way in which the lab fails.
#[derive(Debug, Error, Diagnostic)]
pub enum LabError {
    #[error("no Python {wanted} found; looked at {looked}")]
    #[diagnostic(
        code(lab::no_python),
        help(
            "install Python {wanted} (`apt install python3 python3-venv`, `brew install python`), or point at a running endpoint: `--upstream http://127.0.0.1:PORT`"
        )
    )]
    NoPython { wanted: String, looked: String },

    #[error("`{python}` cannot make a virtual environment: its `{module}` module is missing")]
    #[diagnostic(
        code(lab::no_venv),
        help("on Debian and Ubuntu: `apt install python3-venv`; then run the command again")
    )]
    NoVenv { python: String, module: String },

    #[error("port {port} on 127.0.0.1 is taken{by}")]
    #[diagnostic(
        code(lab::port_taken),
        help(
            "choose another with `--port N` (`--port 0` takes any free one); if it is an AWS endpoint that you want to use: `--upstream http://127.0.0.1:{port}`"
        )
    )]
    PortTaken { port: u16, by: String },

    #[error("pip cannot reach its package index\n{tail}")]
    #[diagnostic(
        code(lab::no_network),
        help(
            "the first start downloads the endpoint: check the network, or pip's index and proxy settings (`pip config list`), then run the command again"
        )
    )]
    NoNetwork { tail: String },

    #[error("a downloaded package is not the one that was pinned\n{tail}")]
    #[diagnostic(
        code(lab::hash_mismatch),
        help(
            "nothing of it was installed; a package index that rebuilds packages does this: use one that serves PyPI's own files"
        )
    )]
    HashMismatch { tail: String },

    #[error("no space left for the lab in {}", .path.display())]
    #[diagnostic(
        code(lab::no_space),
        help(
            "it needs about 150 MB (LocalStack: 400 MB): free some, or set XDG_CACHE_HOME to a larger disk"
        )
    )]
    NoSpace { path: PathBuf },

    #[error("pip failed\n{tail}")]
    #[diagnostic(
        code(lab::pip_failed),
        help("the lines above are pip's own; run the command again to start over")
    )]
    Pip { tail: String },

    #[error("the endpoint did not answer on {endpoint} within {seconds} s\n{tail}")]
    #[diagnostic(code(lab::start_timeout), help("its whole log: {}", .log.display()))]
    StartTimeout { endpoint: String, seconds: u64, tail: String, log: PathBuf },

    #[error("the endpoint ended while it was starting\n{tail}")]
    #[diagnostic(code(lab::start_failed), help("its whole log: {}", .log.display()))]
    StartFailed { tail: String, log: PathBuf },

    #[error("LocalStack needs a Docker engine or Python {wanted}, and there is neither: {docker}")]
    #[diagnostic(
        code(lab::no_docker),
        help(
            "start Docker, or install Python {wanted}, or use the default upstream, which needs neither: `--upstream moto`"
        )
    )]
    NoDocker { docker: String, wanted: String },

    #[error("`docker {command}` failed\n{tail}")]
    #[diagnostic(
        code(lab::docker_failed),
        help("the lines above are Docker's own; `--upstream moto` needs no Docker")
    )]
    Docker { command: String, tail: String },

    #[error(transparent)]
    #[diagnostic(
        code(lab::not_loopback),
        help(
            "the lab only ever talks to this machine: use http://127.0.0.1:PORT, http://[::1]:PORT or http://localhost:PORT"
        )
    )]
    NotLoopback(#[from] front::NotLoopback),

    #[error("nothing that speaks AWS answers on {url}: {why}")]
    #[diagnostic(
        code(lab::no_answer),
        help("start the endpoint first, or let the lab start its own: `backburn lab up`")
    )]
    NoAnswer { url: String, why: String },

    #[error("what answers on {url} is not the lab's front")]
    #[diagnostic(
        code(lab::no_front),
        help("only a lab of this program takes faults: start one with `backburn lab up`")
    )]
    NoFront { url: String },

    #[error("the account {account} of the lab cannot be read: {why}")]
    #[diagnostic(
        code(lab::unreadable),
        help("`backburn lab status` shows whether it still answers")
    )]
    Unreadable { account: String, why: String },

    #[error(
        "account {account} of the lab should be unused and has {things} things in it; nothing in it was changed"
    )]
    #[diagnostic(
        code(lab::account_in_use),
        help(
            "run the command again, which draws another account; if it is refused again, the endpoint does not keep accounts apart by access key id: `backburn lab up` starts one that does"
        )
    )]
    AccountInUse { account: String, things: usize },

    #[error("a lab with another upstream is running: {running} on {endpoint}")]
    #[diagnostic(code(lab::other_upstream), help("end it first: `backburn lab down`"))]
    OtherUpstream { running: String, endpoint: String },

    #[error("the lab on {endpoint} has {has}, and `{option}` was asked for; it runs on as it is")]
    #[diagnostic(
        code(lab::other_options),
        help(
            "only another start changes that: `backburn lab down` ends it with all that is in it, then `backburn lab up {option}`; without the option, the lab is used as it is"
        )
    )]
    OtherOptions { endpoint: String, option: String, has: String },

    #[error("no lab is running")]
    #[diagnostic(code(lab::not_running), help("start one: `backburn lab up`"))]
    NotRunning,

    #[error("this lab cannot be reset: {upstream} was started by someone else")]
    #[diagnostic(
        code(lab::foreign),
        help("restart it yourself, then `backburn lab up` seeds it again")
    )]
    Foreign { upstream: String },

    #[error("the lab was not seeded: {step}: {why}")]
    #[diagnostic(
        code(lab::seed),
        help(
            "run the command again (seeding continues where it stopped), or start over: `backburn lab reset`"
        )
    )]
    Seed { step: String, why: String },

    #[error("process {pid} does not end")]
    #[diagnostic(
        code(lab::will_not_end),
        help("it ignored SIGTERM and SIGKILL: look at it with `ps -p {pid}`")
    )]
    WillNotEnd { pid: u32 },

    #[error("{} {what}, so nothing in it is executed", .path.display())]
    #[diagnostic(
        code(lab::not_own),
        help(
            "make it yours alone (`chown -R $USER`, `chmod -R go-w`), delete it, or name another cache with `BACKBURN_CACHE`"
        )
    )]
    NotOwn { path: PathBuf, what: String },

    #[error("{} is not as pip installed it, so it is not executed", .path.display())]
    #[diagnostic(
        code(lab::changed),
        help(
            "delete the environment; the next start installs it again: `rm -r` its folder in the cache"
        )
    )]
    Changed { path: PathBuf },

    #[error("{what} {}", .path.display())]
    #[diagnostic(code(lab::io), help("check that the directory exists and is yours to write"))]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl LabError {
    /// An error of a file, with a full disk as a case of its own.
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            _ => Self::Io { what, path, source },
        }
    }
}

impl From<front::Error> for LabError {
    fn from(error: front::Error) -> Self {
        match error {
            front::Error::NotLoopback(refused) => refused.into(),
            front::Error::Home { path, source } => Self::io("cannot read", path)(source),
        }
    }
}
