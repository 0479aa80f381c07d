//! Run commands on an instance by Systems Manager, and keep their output as evidence.
//!
//! Do it before the instance is isolated and before its role is revoked: the agent needs the network
//! and the role's credentials. Whoever owns the instance may have changed its tools, and sees the
//! commands; prefer tools that you bring along.
//!
//! `stdout.txt` and `stderr.txt` are kept in the run's evidence with their SHA-256, even if the
//! command fails. Systems Manager returns the first 24,000 characters of stdout and 8,000 of stderr:
//! have the commands upload anything larger (a memory image) to a bucket, and print its hash.
//!
//! `SendCommand` takes no client token. The command is sent once; a run that was interrupted while
//! sending looks for it by its comment. If that is inconclusive, the step stops and reports it rather
//! than run the commands twice, unless `repeatable` is true.
//!
//! Release cannot undo what the commands did.
//!
//! AWS: <https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html>

use std::sync::Arc;

use crate::{
    actions::kit::*,
    aws::ssm::{CommandOutput, STDOUT_LIMIT, SendCommand},
    playbook::types::{Duration, InstanceId},
};

/// Inputs of `ssm.run-command`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunCommand {
    pub instance: InstanceId,
    /// Command document: `AWS-RunShellScript`, `AWS-RunPowerShellScript`, or one of yours that takes
    /// the parameter `commands`.
    #[serde(default = "shell")]
    pub document: String,
    /// Lines of the script.
    #[schemars(extend("writeOnly" = true))]
    pub commands: Vec<String>,
    /// How long they may run; passed on to AWS's own `AWS-Run...` documents.
    #[serde(default = "hour")]
    pub timeout: Duration,
    /// Running the commands twice does no harm.
    #[serde(default)]
    pub repeatable: bool,
}

fn shell() -> String {
    "AWS-RunShellScript".into()
}

fn hour() -> Duration {
    Duration::new("1h").expect("a duration")
}

/// Outputs of `ssm.run-command`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Ran {
    pub status: String,
    pub exit_code: i32,
    pub stdout: String,
    pub stderr: String,
    /// SHA-256 of `stdout.txt` as kept.
    pub sha256: String,
}

impl Action for RunCommand {
    const SPEC: Spec = spec! {
        "ssm.run-command": "Run commands on an instance and keep their output as evidence";
        Preserve, irreversible;
        uses [operation SendCommand];
        effects [RunsCommand];
    };
    type Output = Ran;

    async fn run(&self, step: &Step<Aws>) -> Result<Ran, StepError> {
        if self.commands.is_empty() {
            return Err(StepError::Refused(
                "`commands` is empty, so there is nothing to run".into(),
            ));
        }
        let done = step
            .start(SendCommand {
                instance: self.instance.as_str().into(),
                document: self.document.clone(),
                commands: self.commands.clone(),
                timeout_seconds: self.timeout.as_std().as_secs().max(1),
                repeatable: self.repeatable,
                misses: Arc::default(),
            })
            .await?;
        let sha256 = step.keep("stdout.txt", done.stdout.as_bytes()).await?;
        step.keep("stderr.txt", done.stderr.as_bytes()).await?;
        if done.stdout.chars().count() >= STDOUT_LIMIT {
            step.note("stdout is cut after 24,000 characters by Systems Manager; what follows is lost unless the commands keep it elsewhere").await?;
        }
        if !step.planning() && !well(&done) {
            return Err(StepError::Failed(format!(
                "the command on `{}` ended as {} ({}) with exit code {}; its output is in the run's evidence",
                self.instance, done.status, done.details, done.exit_code
            )));
        }
        let CommandOutput { status, exit_code, stdout, stderr, .. } = done;
        Ok(Ran { status, exit_code, stdout, stderr, sha256 })
    }
}

fn well(output: &CommandOutput) -> bool {
    output.status == "Success" && output.exit_code == 0
}
