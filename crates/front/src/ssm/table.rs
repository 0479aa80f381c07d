//! What commands print in the lab: the table `commands` of `localstack/seed.json`. No command is run.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde::Deserialize;

/// What stands in `StandardErrorContent` when no line of the table fits.
pub(super) const RUNS_NOTHING: &str = "backburn lab: nothing was run; output comes from `commands` in the seed, and no pattern there fits\n";

#[derive(Deserialize)]
struct Seed {
    #[serde(default)]
    commands: Vec<Line>,
}

/// One line of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Line {
    /// Regular expression, looked for in one command.
    pattern: String,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    exit_code: i64,
}

/// What a script came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Output {
    pub stdout: String,
    pub stderr: String,
    pub exit_code: i64,
}

static TABLE: LazyLock<Vec<(Regex, Line)>> =
    LazyLock::new(|| parse(include_str!("../../../../localstack/seed.json")));

fn parse(seed: &str) -> Vec<(Regex, Line)> {
    let lines = match serde_json::from_str::<Seed>(seed) {
        Ok(seed) => seed.commands,
        Err(error) => {
            tracing::error!(%error, "the seed's `commands` cannot be read");
            return Vec::new();
        }
    };
    let compiled = lines.into_iter().filter_map(|line| match Regex::new(&line.pattern) {
        Ok(regex) => Some((regex, line)),
        Err(error) => {
            tracing::error!(%error, pattern = line.pattern, "no regular expression");
            None
        }
    });
    compiled.collect()
}

/// Outputs of all commands in order; the last exit code counts, as in a shell.
pub(super) fn output(commands: &[&str]) -> Output {
    look_up(&TABLE, commands)
}

fn look_up(table: &[(Regex, Line)], commands: &[&str]) -> Output {
    let mut all = Output::default();
    let mut is_known = false;
    for command in commands {
        let line = table.iter().find(|(regex, _)| regex.is_match(command)).map(|(_, line)| line);
        all.exit_code = line.map_or(0, |line| line.exit_code);
        if let Some(line) = line {
            is_known = true;
            all.stdout.push_str(&line.stdout);
            all.stderr.push_str(&line.stderr);
        }
    }
    if !is_known {
        all.stderr = RUNS_NOTHING.into();
    }
    if all.exit_code != 0 {
        // As AWS's agent ends it.
        all.stderr.push_str(&format!("failed to run commands: exit status {}", all.exit_code));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = r#"{"format": 1, "commands": [
        {"pattern": "^uname", "stdout": "Linux\n"},
        {"pattern": "^false$", "exit-code": 1, "stderr": "no\n"}
    ]}"#;

    #[test]
    fn the_last_exit_code_counts() {
        let table = parse(SEED);
        let both = look_up(&table, &["uname -a", "false"]);
        assert_eq!((both.stdout.as_str(), both.exit_code), ("Linux\n", 1));
        assert_eq!(both.stderr, "no\nfailed to run commands: exit status 1");
        assert_eq!(look_up(&table, &["false", "uname"]).exit_code, 0);
    }

    #[test]
    fn an_unknown_command_says_that_nothing_ran() {
        let none = look_up(&parse(SEED), &["rm -rf /"]);
        assert_eq!(none, Output { stderr: RUNS_NOTHING.into(), ..Output::default() });
        assert_eq!(look_up(&parse("{}"), &[]).stderr, RUNS_NOTHING);
    }

    #[test]
    fn the_shipped_table_is_whole() {
        let raw: serde_json::Value =
            serde_json::from_str(include_str!("../../../../localstack/seed.json")).expect("JSON");
        let lines = raw["commands"].as_array().map_or(0, Vec::len);
        assert_eq!(TABLE.len(), lines);
    }
}
