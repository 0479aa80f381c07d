//! The program: arguments to command to exit code, one file a subcommand. Owns no logic of its own.

mod abort;
mod actions;
mod approve;
mod beforehand;
mod can;
mod check;
mod completions;
mod config;
mod confirm;
mod context;
mod crash_matrix;
mod demo;
mod drill;
mod explain;
mod follow;
mod global;
mod graph;
mod inputs;
mod lab;
mod log;
mod man;
mod new;
mod plan;
mod policy;
mod readiness;
mod reference;
mod release;
mod report;
mod resume;
mod run;
mod runs;
mod schema;
mod serve;
mod signals;
mod sinks;
mod terminal;
mod traces;
mod trust;
mod trusted;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tracing::Instrument;

use crate::{
    conduct::Failure,
    text::{AddLine, Ready, Stream, adopt, line, value},
};

pub use crate::conduct::Exit;
use context::Context;
use global::Global;

/// Contain an AWS incident with a playbook, prove the containment, and give back what was taken.
#[derive(Parser, Debug)]
#[command(name = "backburn", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the lab, contain its compromised instance, and show how to release it
    Demo(demo::Demo),
    /// Report every mistake in playbooks and simulations
    Check(check::Check),
    /// Draw a playbook's steps
    Graph(graph::Graph),
    /// Show exactly what a run would change, without changing anything
    Plan(plan::Plan),
    /// Run a playbook
    Run(run::Run),
    /// Continue a run that was interrupted or failed
    Resume(resume::Resume),
    /// Give back what a run took
    Release(release::Release),
    /// Answer a waiting step of a run from another terminal
    Approve(approve::Approve),
    /// Permanently stop a run, even one in progress; it can still be released
    Abort(abort::Abort),
    /// Run and review drills: faults, detection, response and recovery, each with its clock
    Drill(drill::Drill),
    /// Interrupt a playbook at every call and record in the lab, resume it and release it
    CrashMatrix(crash_matrix::CrashMatrix),
    /// List runs, show their timelines, verify their journals
    Runs(runs::Runs),
    /// Show the runs of a folder that somebody else made, and take them over
    Trust(trust::Trust),
    /// Write the after-action report of a run or drill
    Report(report::Report),
    /// Show what was drilled, when, and with what result
    Readiness(readiness::Readiness),
    /// List the actions, or show one
    Actions(actions::Actions),
    /// Write a commented playbook or simulation to start from
    New(new::New),
    /// Print the page for a code shown in a message
    Explain(explain::Explain),
    /// Print the JSON Schema of playbooks, simulations or the configuration, for editors
    Schema(schema::Schema),
    /// Check and show the configuration, backburn.toml
    Config(config::ConfigCommand),
    /// Answer whether a principal may do something, now and as a plan would leave it
    Can(can::Can),
    /// Print the IAM policy that a playbook needs to run or to be released
    Policy(policy::Policy),
    /// Start, seed and stop the local AWS endpoint
    Lab(lab::Lab),
    /// Write man pages
    Man(man::Man),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Prints what clap has to say and ends the program. Only the help is coloured: a complaint quotes what was given.
fn refuse(error: clap::Error) -> ! {
    if !error.use_stderr() {
        let drawn = error.render();
        let text = if has_color() { adopt(&drawn.ansi().to_string()) } else { drawn.to_string() };
        // The exit code says it where the stream is closed.
        let _ = Stream::Out.write(&Ready::text(&text));
        std::process::exit(error.exit_code());
    }
    // Clap quotes arguments as they are: it complains once more, about arguments in which what is hidden is shown.
    let shown = std::env::args_os().map(|arg| value(&arg.to_string_lossy()).into_owned());
    let error = Cli::command()
        .try_get_matches_from(shown)
        .err()
        .filter(clap::Error::use_stderr)
        .unwrap_or(error);
    let mut text = String::new();
    for one in error.render().to_string().lines() {
        // A variable of the environment was quoted with its line breaks.
        let is_claps = ["error:", "Usage:", "For more information", " "]
            .iter()
            .any(|head| one.starts_with(head));
        line!(text, "{}{one}", if is_claps || one.is_empty() { "" } else { "  " });
    }
    // The exit code says it where the stream is closed.
    let _ = Stream::Err.write(&Ready::text(&text));
    std::process::exit(error.exit_code());
}

/// As for everything else, before `--color` is known.
fn has_color() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    Stream::Out.is_terminal() && !is_dumb && !is_set("NO_COLOR")
}

/// A failure of the program itself leaves by the same way: its message may quote anything.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        let mut text = String::new();
        line!(text, "internal error: {panic}");
        if trace.status() == BacktraceStatus::Captured {
            text.add_lines(&trace.to_string());
        }
        let _ = Stream::Err.write(&Ready::text(&text));
    }));
}

/// Of each thread of the runtime, in bytes: as much as a main thread has, since commands run on them.
const STACK: usize = 8 * 1024 * 1024;

/// The command line as it was given.
pub struct Invocation {
    cli: Cli,
    /// The subcommand's.
    name: String,
}

impl Invocation {
    /// Reads the arguments; where they ask for help or are wrong, the program ends here.
    pub fn read() -> Self {
        let read = Cli::command().try_get_matches().and_then(|matches| {
            let cli = Cli::from_arg_matches(&matches)?;
            Ok((cli, matches))
        });
        let (cli, matches) = read.unwrap_or_else(|error| refuse(error));
        Self { cli, name: matches.subcommand_name().unwrap_or_default().into() }
    }

    /// The runtime: one thread if the command only reads files and waits for nobody, since starting and ending
    /// more threads would take about as long as the command itself.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn runtime(&self) -> io::Result<Runtime> {
        match self.cli.command {
            Command::Check(_)
            | Command::Graph(_)
            | Command::Actions(_)
            | Command::New(_)
            | Command::Explain(_)
            | Command::Schema(_)
            | Command::Policy(_)
            | Command::Man(_)
            | Command::Completions(_) => Builder::new_current_thread().enable_all().build(),
            _ => Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build(),
        }
    }

    /// Runs the command to its end.
    pub async fn run(self) -> Exit {
        let Self { cli, name } = self;
        let context = Context::new(cli.global);
        let traces = match context.global.otlp.as_deref().map(traces::Traces::start).transpose() {
            Ok(traces) => traces,
            Err(failure) => return context.fail(&failure),
        };
        log::start(context.global.verbose, context.hidden(), traces.as_ref());
        let span = tracing::info_span!("command", otel.name = format!("backburn {name}"));
        let result = perform(cli.command, &context).instrument(span).await;
        let exit = result.unwrap_or_else(|failure| context.fail(&failure));
        if let Some(traces) = traces {
            traces.finish(&context);
        }
        exit
    }
}

/// Whether a command lists or follows runs.
fn is_about_runs(command: &Command) -> bool {
    matches!(
        command,
        Command::Resume(_)
            | Command::Release(_)
            | Command::Approve(_)
            | Command::Abort(_)
            | Command::Runs(_)
            | Command::Report(_)
            | Command::Readiness(_)
    )
}

async fn perform(command: Command, context: &Context) -> Result<Exit, Failure> {
    if is_about_runs(&command) {
        trust::hint(context);
    }
    match command {
        Command::Demo(command) => command.run(context).await,
        Command::Check(command) => command.run(context),
        Command::Graph(command) => command.run(context),
        Command::Plan(command) => command.run(context).await,
        Command::Run(command) => command.run(context).await,
        Command::Resume(command) => command.run(context).await,
        Command::Release(command) => command.run(context).await,
        Command::Approve(command) => command.run(context).await,
        Command::Abort(command) => command.run(context).await,
        Command::Drill(command) => command.run(context).await,
        Command::CrashMatrix(command) => command.run(context).await,
        Command::Runs(command) => command.run(context).await,
        Command::Trust(command) => command.run(context).await,
        Command::Report(command) => command.run(context),
        Command::Readiness(command) => command.run(context),
        Command::Actions(command) => command.run(context),
        Command::New(command) => command.run(context),
        Command::Explain(command) => command.run(context),
        Command::Schema(command) => command.run(context),
        Command::Config(command) => command.run(context).await,
        Command::Can(command) => command.run(context).await,
        Command::Policy(command) => command.run(context),
        Command::Lab(command) => command.run(context).await,
        Command::Man(command) => command.run(context),
        Command::Completions(command) => command.run(context),
    }
}
