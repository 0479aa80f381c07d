//! `backburn crash-matrix`: breaks a playbook at every point in the lab. Owns the options, where the
//! inputs come from, and the words; what is tried is `crash_matrix`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    str::FromStr,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    conduct::{Sources, checked, read},
    crash_matrix::{self, Fill, Kind, Request, Subject, Trouble},
    lab::{self, LabOptions, Silent},
    playbook::types::InputType,
    program::Program,
    report,
    text::Stream,
};

use super::{Context, Exit, Failure, inputs::Inputs};

/// All that comes before each step of a program.
fn earlier(program: &Program) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    for node in program.order() {
        let mut before = BTreeSet::new();
        for (need, _) in program.dependencies(&node.id) {
            before.extend(all.get(&need.id).cloned().unwrap_or_default());
            before.insert(need.id.clone());
        }
        all.insert(node.id.clone(), before);
    }
    all
}

#[derive(Args, Debug)]
pub(super) struct CrashMatrix {
    /// Playbook
    file: PathBuf,
    /// What an input is not found by: instances, users, keys, roles, volumes and the trail are the lab's own
    #[command(flatten)]
    inputs: Inputs,
    /// Only points of this kind; repeat for more
    #[arg(long, value_name = "KIND")]
    only: Vec<Kind>,
    /// Only points with these numbers
    #[arg(long, value_name = "N..M", default_value = "1..")]
    points: Range,
    /// Only every N-th of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
    /// Points to try concurrently
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Let someone else change each setting before the release, instead of breaking the run
    #[arg(long)]
    drift: bool,
    /// Keep the run directories of all points, not only of those that went wrong
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    first: usize,
    last: usize,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str, absent| match text {
            "" => Ok(absent),
            text => text.parse().map_err(|_| format!("`{text}` is no number")),
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        Ok(Self { first: number(first, 1)?, last: number(last, usize::MAX)? })
    }
}

impl CrashMatrix {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (subject, inputs) = self.subject(context)?;
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::Internal, format!("this program cannot be found: {error}"))
        })?;
        let root = tempfile::Builder::new().prefix("crash-matrix-").tempdir();
        let root = root.map_err(Failure::at(&std::env::temp_dir()))?;
        let (endpoint, region, own) = endpoint(context, root.path()).await?;
        let bar = bar(context);
        let request = Request {
            program,
            subject,
            inputs,
            endpoint,
            region,
            root: root.path().join("runs"),
            only: self.only.clone(),
            first: self.points.first,
            last: self.points.last,
            every: self.every,
            jobs: self.jobs.unwrap_or_else(jobs),
            keep: self.keep,
        };
        let done = self.tried(context, request, &bar).await;
        bar.finish_and_clear();
        if let Some(options) = own {
            lab::down(&options, &Silent).await?;
        }
        let is_right = done?;
        if self.keep || !is_right {
            let kept = root.keep();
            context.say(&format!("the runs are kept in {}", kept.display()));
        }
        Ok(if is_right { Exit::Ok } else { Exit::Drift })
    }

    /// Whether all went right.
    async fn tried(
        &self,
        context: &Context,
        request: Request,
        bar: &ProgressBar,
    ) -> Result<bool, Failure> {
        let step = |total: usize| {
            bar.set_length(total as u64);
            bar.inc(1);
        };
        if self.drift {
            let done = crash_matrix::drift(request, |_, total| step(total)).await?;
            context.data(|look| report::crash_matrix::drift(&done, look), &done)?;
            return Ok(done.drifted.iter().all(|one| one.wrong.is_empty()));
        }
        let done = crash_matrix::matrix(request, |tried, total| {
            step(total);
            if !tried.is_right() {
                bar.suspend(|| {
                    context.show(report::crash_matrix::wrong(tried, &context.err).trim_end());
                });
            }
        })
        .await?;
        context.data(|look| report::crash_matrix::table(&done, look), &done)?;
        Ok(done.wrong().next().is_none())
    }

    /// The playbook, and each input that is given, or that has no default: by its type where the seed
    /// has one of it.
    fn subject(&self, context: &Context) -> Result<(Subject, Vec<(String, Fill)>), Failure> {
        let name = self.file.display().to_string();
        let text = read(&self.file)?;
        let compiled = checked(context, &name, &text, Sources::Beside(&self.file))?;
        if compiled.outline.is_some() {
            return Err(Failure::new(Exit::Usage, format!("{name} is a simulation"))
                .help("give the playbook that it responds with"));
        }
        let Some(playbook) = compiled.checked.playbook else {
            return Err(Failure::new(
                Exit::Internal,
                format!("{name} has no problem and no playbook"),
            ));
        };
        let after = compiled.checked.program.as_ref().map(earlier).unwrap_or_default();
        let subject = Subject::of(&self.file, &playbook, after)?;
        let mut fills: Vec<_> = self.inputs.inputs.iter().cloned().map(text_of).collect();
        for (name, input) in &playbook.inputs {
            if input.default.is_some() || fills.iter().any(|(given, _)| given == name) {
                continue;
            }
            let Some(fill) = fill(name, &input.kind) else {
                let text = format!("the lab has nothing for the input `{name}`");
                // On the command line itself other users of the machine could see it.
                let from = if input.sensitive { "env:VARIABLE" } else { "..." };
                return Err(
                    Failure::new(Exit::Invalid, text).help(format!("give it: `-i {name}={from}`"))
                );
            };
            fills.push((name.clone(), fill));
        }
        Ok((subject, fills))
    }
}

fn text_of((name, text): (String, String)) -> (String, Fill) {
    (name, Fill::Text(text))
}

fn fill(name: &str, kind: &InputType) -> Option<Fill> {
    match kind {
        // A trail has no type of its own.
        InputType::String if name == "trail" => Some(Fill::Trail),
        InputType::String => Some(Fill::Text("MATRIX-1".into())),
        InputType::Text(format) => match format.name() {
            "instance" => Some(Fill::Instance),
            "user" => Some(Fill::User),
            "access-key" => Some(Fill::AccessKey),
            "role" => Some(Fill::Role),
            "volume" => Some(Fill::Volume),
            _ => None,
        },
        _ => None,
    }
}

/// The lab that is named, the one that runs, or one of its own that ends with the matrix.
async fn endpoint(
    context: &Context,
    root: &std::path::Path,
) -> Result<(String, String, Option<LabOptions>), Failure> {
    let options = context.lab_options();
    let named = context.global.endpoint_url.clone();
    let named = named.or_else(|| std::env::var("AWS_ENDPOINT_URL").ok());
    if let Some(url) = named {
        return Ok((url, context.global.region.clone().unwrap_or(lab::REGION.into()), None));
    }
    if let Some(running) = lab::status(&options).await? {
        return Ok((running.endpoint, running.region, None));
    }
    let watch = Some(std::process::id());
    let own = LabOptions { port: 0, home: root.join("lab"), watch, ..options };
    let running = lab::up(&own, &super::lab::Told::new(context)).await?;
    Ok((running.endpoint, running.region, Some(own)))
}

/// A run mostly waits for its calls.
fn jobs() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| cores.get() * 3)
}

fn bar(context: &Context) -> ProgressBar {
    if !context.bars(Stream::Err) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("points {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Lab(
                error @ (lab::LabError::NotLoopback { .. } | lab::LabError::NoFront { .. }),
            ) => {
                let refused = Self::from(error);
                Self { exit: Exit::Refused, ..refused }
            }
            Trouble::Lab(error) => error.into(),
            Trouble::Unseen(_) => Self::new(Exit::Refused, trouble.to_string()).help(
                "try the other steps in a playbook of their own; docs/trust.md lists what can be compared",
            ),
            Trouble::NotWhole(_) => Self::new(Exit::StepFailed, trouble.to_string()),
            other => Self::new(Exit::Internal, other.to_string()),
        }
    }
}
