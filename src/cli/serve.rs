//! `--serve`: the live page of a run. Owns the options, and what joins the page to a run's directory
//! and its questions; the server is `crate::serve`'s.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use clap::Args;

use crate::{
    actions::catalogue,
    conduct::{
        answer::{self, Wanted},
        page,
    },
    config::Config,
    journal::{RunDir, redact_text},
    playbook::Catalogue,
    program::planfile::PlanFile,
    report::model,
    serve::{Ask, Bound, Given, ServeError, Serving, Shown, Source, Stamp},
};

use super::{Context, Exit, Failure};

#[derive(Args, Clone, Debug, Default)]
pub struct Serve {
    /// Show the run in a browser while it goes on, and take approvals there; prints a link that opens
    /// the page once [default address: a free port of 127.0.0.1]
    #[arg(
        long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:0",
        value_parser = address, help_heading = "Live page"
    )]
    serve: Option<SocketAddr>,
    /// Let `--serve` use an address that other machines reach. The page is not encrypted: whoever is
    /// on the way can read it, and take over the session that approves steps
    #[arg(long, requires = "serve", help_heading = "Live page")]
    allow_remote_page: bool,
    /// Go on showing the finished page until Ctrl-C
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

/// An address that is taken, and what is done with it.
pub struct Page {
    bound: Bound,
    keep: bool,
    remote: bool,
}

impl Serve {
    pub fn is_asked(&self) -> bool {
        self.serve.is_some()
    }

    /// Takes the address, before anything is run.
    pub async fn bind(&self) -> Result<Option<Page>, Failure> {
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
    pub fn start(self, context: &Context, dir: &RunDir) -> Live {
        let source = Live::source(context, dir, Watch::Own);
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
    pub async fn show(self, context: &Context, dir: &RunDir) {
        let source = Live::source(context, dir, Watch::Other);
        context.say(&format!("page: {}", self.bound.link()));
        context.say("  the link opens it once, in one browser; Ctrl-C ends it");
        let serving = self.bound.start(dir.id(), Arc::new(source));
        let _ = tokio::signal::ctrl_c().await;
        serving.end(std::future::ready(())).await;
    }
}

/// A page that is served while this process works on its run.
pub struct Live {
    serving: Serving,
    keep: bool,
}

impl Live {
    fn source(context: &Context, dir: &RunDir, watch: Watch) -> Folder {
        Folder {
            config: context.settings().config().clone(),
            dir: dir.clone(),
            secrets: context.secrets(),
            catalogue: catalogue::catalogue(),
            watch,
        }
    }

    /// The run has ended: shows how, then ends.
    pub async fn end(self, context: &Context) {
        let keep = self.keep;
        let until = async {
            if keep {
                context.say("the page stays until Ctrl-C");
                let _ = tokio::signal::ctrl_c().await;
            }
        };
        self.serving.end(until).await;
    }
}

/// Who works on the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// This process: it takes answers, and says itself when it has ended.
    Own,
    Other,
}

/// A run's directory as the page's source.
struct Folder {
    config: Config,
    dir: RunDir,
    secrets: Vec<String>,
    catalogue: Catalogue,
    watch: Watch,
}

impl Folder {
    fn asks(&self, sources: &model::Sources, report: &model::Report) -> Vec<Ask> {
        let plan = sources.plan.as_ref().map(|plan: &PlanFile| plan.sha256.clone());
        let waits = |step: &str| {
            let mut rows = report.steps.iter().filter(|row| row.id == step);
            rows.any(|row| row.state == model::State::Waiting)
        };
        let asked = sources.asked.iter().filter(|asked| waits(&asked.step));
        asked
            .map(|asked| {
                let roles = asked.role.clone().map_or_else(
                    || answer::roles(&self.dir).unwrap_or_default(),
                    |role| vec![role],
                );
                let role = asked.role.as_deref().unwrap_or("ROLE");
                let command = format!(
                    "backburn approve {} {} --as {role} --reason ...",
                    self.dir.id(),
                    asked.step
                );
                Ask {
                    question: crate::journal::hash(asked.question.as_bytes()),
                    step: asked.step.clone(),
                    text: redact_text(asked.question.clone(), &self.secrets),
                    plan: plan.clone().unwrap_or_default(),
                    since: asked.since,
                    roles,
                    command,
                    open: self.watch == Watch::Own,
                }
            })
            .collect()
    }
}

impl Source for Folder {
    fn stamp(&self) -> Stamp {
        let length = std::fs::metadata(self.dir.journal()).map_or(0, |data| data.len());
        let mut names = DefaultHasher::new();
        let entries = std::fs::read_dir(self.dir.path()).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
            .map(|entry| {
                (entry.file_name(), entry.metadata().and_then(|data| data.modified()).ok())
            })
            .collect();
        found.sort_unstable();
        found.hash(&mut names);
        (length, names.finish())
    }

    fn shown(&self, over: bool) -> Result<Shown, String> {
        let sources =
            model::Sources::read(&self.dir, &self.catalogue).map_err(|e| e.to_string())?;
        let sources = sources.with_contacts(&self.config.contacts);
        let live = match self.watch {
            Watch::Own => !over,
            Watch::Other => page::is_live(&self.dir, &sources),
        };
        let report = model::fold(&sources, &page::options_now(&self.config, live));
        let asked = self.asks(&sources, &report);
        Ok(Shown { report, asked, live })
    }

    fn answer(&self, given: Given) -> Result<String, String> {
        if self.watch != Watch::Own {
            return Err("this page only shows the run".into());
        }
        let Given { step, question, plan, by, role, reason, yes } = given;
        let wanted = Wanted {
            step,
            role,
            by,
            reason,
            yes,
            plan: Some(plan),
            question: Some(question),
            via: Some("page".into()),
        };
        let given = answer::answer(&self.dir, wanted).map_err(|failure| failure.message)?;
        let word = if given.yes { "Approved" } else { "Denied" };
        Ok(format!("{word} as {} by {}. The run takes it up.", given.role, given.by))
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
