//! `backburn lab`: the local AWS endpoint. Owns the words around it; its life is `lab`'s.

use std::{path::PathBuf, sync::Mutex};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{
    lab::{
        self, Asked, LabOptions, Progress, Upstream,
        front::{self, Clock},
        seed::Seed,
    },
    report::look,
    text::{self, Stream, line, one_line},
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Lab {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone, Debug)]
pub(super) struct Where {
    /// `moto` (installed with pip), `localstack` (Docker, or pip on Python >= 3.12), `ministack` (installed
    /// with pip, IAM enforced), or the URL of an endpoint that runs on this machine
    #[arg(long, default_value = "moto")]
    pub upstream: Upstream,
    /// Port on 127.0.0.1; 0 takes any free one [default: 4566]
    #[arg(long)]
    pub port: Option<u16>,
    /// Speed of the stand-ins' durations compared with AWS, such as `60x` [default: 1x]
    #[arg(long, value_name = "FACTOR")]
    pub clock: Option<Clock>,
    /// Do not stand in for this service, pass it through to the upstream; repeatable
    #[arg(long, value_name = "SERVICE")]
    pub passthrough: Vec<String>,
    /// Answer EC2 calls no faster than AWS does
    #[arg(long, value_name = "WHOSE")]
    pub quotas: Option<Quotas>,
    /// Refuse whom AWS would refuse, by the policies in the lab [default: on]
    #[arg(long, value_name = "WHETHER")]
    pub enforce: Option<Enforce>,
    /// Let SNS subscriptions deliver to this port of this machine by HTTP; repeatable. Others are refused
    #[arg(long, value_name = "PORT")]
    pub deliver_to: Vec<u16>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Quotas {
    /// AWS's published sizes
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Enforce {
    /// The front judges every call that is not the root user's
    On,
    /// Policies are kept, and decide nothing
    Off,
}

impl Where {
    pub(super) fn options(&self, context: &Context) -> LabOptions {
        LabOptions {
            port: self.port.unwrap_or(LabOptions::PORT),
            upstream: self.upstream.clone(),
            clock: self.clock.unwrap_or_default(),
            asked: Asked {
                port: self.port,
                clock: self.clock,
                enforces: self.enforce.map(|enforce| enforce == Enforce::On),
            },
            passthrough: self.passthrough.clone(),
            has_quotas: self.quotas.is_some(),
            enforces: self.enforce != Some(Enforce::Off),
            deliver_to: self.deliver_to.clone(),
            ..context.lab_options()
        }
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the endpoint and seed an account with an incident; the first start installs it
    Up(Where),
    /// Stop the endpoint
    Down,
    /// Show what is running and where it differs from AWS
    Status,
    /// Print the environment that points any AWS tool at the lab
    Env,
    /// Empty the lab and seed it again
    Reset,
    /// Be the front of an upstream; `up` starts it
    #[command(hide = true)]
    Front(Front),
}

#[derive(Args, Debug)]
struct Front {
    #[command(flatten)]
    at: Where,
    /// What the upstream is, in words
    #[arg(long)]
    named: Option<String>,
    /// The upstream checks signatures and policies
    #[arg(long)]
    enforced: bool,
    /// Append every request to this file, with its body
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// End when this process has ended
    #[arg(long)]
    watch: Option<u32>,
}

impl Front {
    async fn serve(self, context: &Context) -> Result<Exit, Failure> {
        let Upstream::Url(upstream) = &self.at.upstream else {
            return Err(Failure::new(Exit::Usage, "`--upstream` must be a URL"));
        };
        let options = front::Options {
            name: self.named,
            home: Some(context.home().to_owned()),
            clock: self.at.clock.unwrap_or_default(),
            passthrough: self.at.passthrough,
            has_quotas: self.at.quotas.is_some(),
            enforces: self.at.enforce == Some(Enforce::On),
            deliver_to: self.at.deliver_to,
            is_enforced: self.enforced,
            record: self.record,
            ..front::Options::new(upstream.clone())
        };
        let port = self.at.port.unwrap_or(LabOptions::PORT);
        lab::serve_front(options, port, self.watch).await?;
        Ok(Exit::Ok)
    }
}

impl Lab {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let options = context.lab_options();
        let progress = Told::new(context);
        match self.command {
            Command::Up(at) => {
                let (lab, seed) = up(&at.options(context), &progress).await?;
                let json = json!({ "lab": lab, "seed": seed });
                context.data(|_| described(&lab, &seed), &json)?;
            }
            Command::Down => {
                let ended = lab::down(&options, &progress).await?;
                let text = if ended { "the lab is down\n" } else { "no lab was running\n" };
                context.data(|_| text.into(), &json!({ "ended": ended }))?;
            }
            Command::Status => return status(context, &options).await,
            Command::Env => {
                let env = lab::env(&options).await?;
                let lines: String = env
                    .iter()
                    .map(|(name, value)| one_line(&format!("export {name}={value}")) + "\n")
                    .collect();
                let map: serde_json::Map<_, _> =
                    env.into_iter().map(|(name, value)| (name, value.into())).collect();
                context.data(|_| lines, &map)?;
            }
            Command::Front(front) => return front.serve(context).await,
            Command::Reset => {
                let (lab, seed) = lab::reset(&options, &progress).await?;
                let json = json!({ "lab": lab, "seed": seed });
                context.data(|_| described(&lab, &seed), &json)?;
            }
        }
        Ok(Exit::Ok)
    }
}

async fn status(context: &Context, options: &LabOptions) -> Result<Exit, Failure> {
    let Some(lab) = lab::status(options).await? else {
        context.data(|_| "no lab is running\n".into(), &json!(null))?;
        return Ok(Exit::Aws);
    };
    context.data(
        |_| {
            let mut text = String::new();
            line!(text, "{} on {}, account {}", lab.upstream, lab.endpoint, lab.account);
            for sentence in &lab.stand_ins {
                line!(text, "  not as on AWS: {sentence}");
            }
            if let Some(front) = &lab.front {
                fronted(front, &mut text);
            }
            text
        },
        &lab,
    )?;
    Ok(Exit::Ok)
}

fn fronted(front: &lab::Told, text: &mut String) {
    line!(text, "the front passes calls to {}; its clock runs at {}x", front.upstream, front.clock);
    if front.has_quotas {
        line!(text, "  EC2 answers no faster than on AWS");
    }
    if let Some(told) = &front.enforcement {
        judged(told, text);
    }
    for (service, sentences) in &front.stand_ins {
        for sentence in sentences.as_array().into_iter().flatten().filter_map(|s| s.as_str()) {
            line!(text, "  stands in for {service}: {sentence}");
        }
    }
    for service in &front.passthrough {
        line!(text, "  passes {service} through");
    }
    for sentence in &front.lost {
        line!(text, "  lost: {sentence}");
    }
}

fn judged(told: &lab::Judged, text: &mut String) {
    line!(
        text,
        "refuses whom AWS would refuse; calls judged: {}, refused: {}, passed unjudged: {}",
        told.judged,
        told.refused,
        told.not_judged
    );
    for reason in &told.reasons {
        let lab::Reason { service, without, calls } = reason;
        line!(text, "  not judged: {service} without {without} ({calls})");
    }
}

/// Starts and seeds.
pub(super) async fn up(options: &LabOptions, progress: &Told) -> Result<(lab::Lab, Seed), Failure> {
    let lab = lab::up(options, progress).await?;
    let seed = lab::seed::seed(&lab.sdk_config(lab::ACCESS_KEY_ID), progress).await?;
    progress.done();
    Ok((lab, seed))
}

fn described(lab: &lab::Lab, seed: &Seed) -> String {
    let rows = [
        ("endpoint", format!("{} ({}; not AWS)", lab.endpoint, lab.upstream)),
        ("account", format!("{} in {}", seed.account, seed.region)),
        ("compromised", format!("{} with role {}", seed.instance, seed.role)),
        ("leaked key", format!("{} of user {}", seed.access_key_id, seed.user)),
    ];
    let trail = seed.trail.iter().map(|trail| ("stopped trail", trail.clone()));
    let rows: Vec<_> =
        rows.into_iter().chain(trail).map(|(name, value)| vec![name.to_owned(), value]).collect();
    // Not every upstream gives instances interfaces, which containing one needs.
    let playbook = if seed.interfaces.is_empty() {
        format!("iam-key-leak.yaml -i user={} -i access-key={}", seed.user, seed.access_key_id)
    } else {
        format!("ec2-compromise.yaml -i instance={} -i case=LAB-1", seed.instance)
    };
    let mut text = look::table(&rows);
    line!(text);
    line!(text, "try:   backburn plan --endpoint-url {} playbooks/{playbook}", lab.endpoint);
    line!(text, "tools: eval \"$(backburn lab env)\"");
    text
}

/// Reports on stderr what the lab does.
pub(super) struct Told {
    context: Context,
    bar: Mutex<Option<(String, ProgressBar)>>,
}

impl Told {
    pub(super) fn new(context: &Context) -> Self {
        Self { context: context.clone(), bar: Mutex::default() }
    }

    /// Takes the last bar off the screen.
    pub(super) fn done(&self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some((_, bar)) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Told {
    fn say(&self, text: &str) {
        self.done();
        self.context.say(text);
    }

    fn bar(&self, label: &str, done: u64, total: u64) {
        if !self.context.bars(Stream::Err) {
            return;
        }
        let Ok(mut current) = self.bar.lock() else { return };
        if current.as_ref().is_none_or(|(known, _)| known != label) {
            if let Some((_, old)) = current.take() {
                old.finish_and_clear();
            }
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
            bar.set_prefix(text::value(label).into_owned());
            *current = Some((label.to_owned(), bar));
        }
        if let Some((_, bar)) = current.as_ref() {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}
