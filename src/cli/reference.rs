//! The reference of the command line, for docs/cli.md. Owns its layout and the meaning of the exit
//! codes. The introduction is `reference.md`; everything else is what `--help` prints.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::{Cli, Exit};

const INTRODUCTION: &str = include_str!("reference.md");

/// What each exit code means, in the order of the codes.
const EXITS: [(Exit, &str); 12] = [
    (
        Exit::Ok,
        "Done. After a run: every containment is proven (`demo` also accepts `presumed`, since the lab has no policy \
         simulator)",
    ),
    (
        Exit::Internal,
        "A bug, a full disk, an unreadable file, or a journal whose hash chain is broken",
    ),
    (
        Exit::Usage,
        "The command line is wrong, or names a run, step or playbook file that does not exist",
    ),
    (Exit::Invalid, "The playbook, its inputs or the configuration are invalid"),
    (
        Exit::Refused,
        "Refused or declined: nothing was changed. Also: another process is working on the run, or the run cannot be \
         resumed",
    ),
    (Exit::StepFailed, "A step failed"),
    (Exit::NotProven, "A containment is not proven (`--accept-presumed` accepts `presumed`)"),
    (
        Exit::Drift,
        "Someone else changed what the plan or the run had read. After `release`: something could not be given back",
    ),
    (
        Exit::Aws,
        "AWS or the lab cannot be reached, or access is denied. `lab status`: no lab is running. `config check`: a \
         notification target or a role that was tried did not work",
    ),
    (Exit::Interrupted, "Interrupted"),
    (Exit::Waiting, "A step is waiting for a person"),
    (
        Exit::Missed,
        "A drill missed an objective: a detection, a time limit, restored content or its steady state; or something of it was not run or not proven",
    ),
];

/// The whole of docs/cli.md. It depends on nothing outside the program: not on the terminal, not on the environment.
pub(super) fn markdown() -> String {
    let mut program = Cli::command().term_width(100);
    program.build();
    let mut out = format!("{INTRODUCTION}\n| code | meaning |\n|---|---|\n");
    for (exit, meaning) in EXITS {
        put(&mut out, format_args!("| {} | {meaning} |\n", exit as u8));
    }
    out.push_str("\n## Options of every command\n");
    table(&mut out, program.get_arguments());
    for command in program.get_subcommands_mut() {
        section(&mut out, command, "##");
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

fn section(out: &mut String, command: &mut Command, level: &str) {
    if command.is_hide_set() {
        return;
    }
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    put(out, format_args!("\n{level} {name}\n\n{about}.\n\n```text\n{usage}\n```\n"));
    table(out, command.get_arguments().filter(|arg| !arg.is_global_set()));
    for command in command.get_subcommands_mut() {
        section(out, command, &format!("{level}#"));
    }
}

fn table<'a>(out: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let is_standard = |arg: &Arg| matches!(arg.get_id().as_str(), "help" | "version");
    let shown = arguments.filter(|arg| !arg.is_hide_set() && !is_standard(arg));
    let rows: Vec<_> =
        shown.map(|arg| format!("| {} | {} |\n", spelling(arg), cell(&meaning(arg)))).collect();
    if !rows.is_empty() {
        put(out, format_args!("\n| option | meaning |\n|---|---|\n{}", rows.concat()));
    }
}

/// `-i`, `--input <NAME=VALUE>`, or `<FILE>`.
fn spelling(arg: &Arg) -> String {
    let short = arg.get_short().filter(|_| arg.get_long().is_some());
    let short = short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`{}`", cell(&arg.to_string()))
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let mut parts: Vec<String> = help.map(|help| sentence(&help.to_string())).into_iter().collect();
    if arg.get_action().takes_values() {
        let values = arg.get_possible_values();
        let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
        if !values.is_empty() {
            let each = values.iter().map(|value| match value.get_help() {
                Some(help) => format!("`{}` ({help})", value.get_name()),
                None => format!("`{}`", value.get_name()),
            });
            parts.push(format!("Values: {}.", each.collect::<Vec<_>>().join(", ")));
        }
        let defaults = arg.get_default_values();
        if !defaults.is_empty() {
            let each = defaults.iter().map(|value| format!("`{}`", value.to_string_lossy()));
            parts.push(format!("Default: {}.", each.collect::<Vec<_>>().join(", ")));
        }
    }
    if let Some(variable) = arg.get_env() {
        parts.push(format!("Variable: `{}`.", variable.to_string_lossy()));
    }
    parts.join(" ")
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.into() } else { format!("{text}.") }
}

/// Text in a table's cell: one line, and no bar that would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command and what it is given, in words.
    fn each(command: &Command, tell: &mut dyn FnMut(&str, &Arg)) {
        for arg in command.get_arguments() {
            tell(command.get_bin_name().unwrap_or(command.get_name()), arg);
        }
        command.get_subcommands().for_each(|command| each(command, tell));
    }

    #[test]
    fn each_argument_says_what_it_is() {
        let mut program = Cli::command();
        program.build();
        let mut silent = Vec::new();
        each(&program, &mut |command, arg| {
            if arg.get_help().is_none() && !arg.is_hide_set() {
                silent.push(format!("{command} {arg}"));
            }
        });
        assert_eq!(silent, Vec::<String>::new());
    }

    /// A command's own options stand together, and before those that every command takes.
    #[test]
    fn the_sections_of_a_help_come_in_one_order() {
        fn sections(command: &Command) {
            let mut heads: Vec<&str> = Vec::new();
            let is_standard = |arg: &&Arg| matches!(arg.get_id().as_str(), "help" | "version");
            for arg in command.get_arguments().filter(|arg| !is_standard(arg)) {
                let head = arg.get_help_heading().unwrap_or_default();
                assert!(!arg.is_global_set() || !head.is_empty(), "{arg} is among its own");
                if !heads.contains(&head) {
                    heads.push(head);
                }
            }
            assert!(heads.ends_with(&["Files", "AWS", "Output"]), "{command}: {heads:?}");
            command.get_subcommands().for_each(sections);
        }
        let mut program = Cli::command();
        program.build();
        sections(&program);
    }
}
