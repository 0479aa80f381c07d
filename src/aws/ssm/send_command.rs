//! One command on one instance by Systems Manager. Owns sending, finding and polling it; what its
//! output means is the action's business.
//!
//! `SendCommand` takes no client token, and what it runs may not be safe to run twice. So it is sent
//! once without the SDK's retries, carries the token as its comment, and is looked for by it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_sdk_ssm::types::CommandInvocationStatus as Status;

use super::permissions::*;
use crate::aws::{OnlyRefused, ec2::things::INSTANCE, kit::*};

/// Systems Manager cuts the output that it returns after so many characters (stderr after 8,000).
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html>
pub const STDOUT_LIMIT: usize = 24_000;

/// The agent must have picked the command up by then; AWS takes 30 s to 30 days.
const DELIVERY_SECONDS: i32 = 600;
/// Reads of an invocation that does not exist yet, before it counts as gone.
const MISSES: u32 = 30;

operation! {
    /// A run of a command document, by
    /// [`SendCommand`](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html).
    #[serde(rename_all = "kebab-case")]
    pub struct SendCommand {
        pub instance: String,
        /// `AWS-RunShellScript`, or a document with the same parameters.
        pub document: String,
        pub commands: Vec<String>,
        /// How long the commands may run on the instance.
        pub timeout_seconds: u64,
        /// Running them twice does no harm.
        pub repeatable: bool,
        #[serde(skip)]
        pub misses: Arc<AtomicU32>,
    }
    "ssm.send-command" = CommandOutput, target "{instance}/{document}";
    uses [GET_COMMAND_INVOCATION, LIST_COMMANDS, SEND_COMMAND, SEND_COMMAND.at(DOCUMENTS)];
    leaves "what the commands did on `{instance}`, which release cannot take back",
        planned CommandOutput::planned();
    touches [INSTANCE(instance)];
}

/// How the command ended, whether well or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommandOutput {
    pub command: String,
    /// `Success`, `Failed`, `TimedOut` or `Cancelled`.
    pub status: String,
    /// AWS's finer status, such as `DeliveryTimedOut`.
    pub details: String,
    /// -1 when nothing ran.
    pub exit_code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl CommandOutput {
    fn planned() -> Self {
        let open = || AFTER_RUN.to_string();
        let (command, status, details, stdout, stderr) = (open(), open(), open(), open(), open());
        Self { command, status, details, exit_code: 0, stdout, stderr }
    }
}

impl Operation<Aws> for SendCommand {
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        // The list may lag a moment behind the send.
        for pause in [Duration::ZERO, aws_pause(aws)] {
            tokio::time::sleep(pause).await;
            match self.sent(aws, token).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(_) if self.repeatable => return Ok(None),
                Err(e) => {
                    let text = format!(
                        "it is unknown whether the command was sent before the interruption ({}); check on `{}` whether it ran; set `repeatable: true` in the playbook if it may run twice, or release",
                        e.message, self.instance
                    );
                    return Err(CallError { message: text, ..e });
                }
            }
        }
        Ok(None)
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let mut pause = Duration::from_secs(1);
        loop {
            let call = aws.ssm().send_command().instance_ids(&self.instance);
            let mut call = call
                .document_name(&self.document)
                .comment(comment(token))
                .timeout_seconds(DELIVERY_SECONDS)
                .parameters("commands", self.commands.clone());
            if self.document.starts_with("AWS-Run") {
                let seconds = vec![self.timeout_seconds.to_string()];
                call = call.parameters("executionTimeout", seconds);
            }
            let once = aws_sdk_ssm::config::Builder::new().retry_classifier(OnlyRefused);
            let sent = call.customize().config_override(once).send().await;
            match sent.by(SEND_COMMAND) {
                Ok(sent) => {
                    let id = sent.command.and_then(|command| command.command_id);
                    return id.ok_or_else(|| {
                        CallError::local(
                            SEND_COMMAND.action,
                            Class::Unreachable,
                            "returns no command id",
                        )
                    });
                }
                // A throttled call had no effect, so it may be sent again.
                Err(e) if e.class == Class::Throttled && pause < Duration::from_secs(30) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(e) if e.code.as_deref() == Some("InvalidInstanceId") => {
                    let text = format!(
                        "{}; `{}` is not managed by Systems Manager: it must run, with its agent, a role that allows it, and a way to the endpoint (isolation cuts it)",
                        e.message, self.instance
                    );
                    return Err(CallError { message: text, ..e });
                }
                Err(e) => return Err(e),
            }
        }
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<CommandOutput>, CallError> {
        let call = aws.ssm().get_command_invocation().command_id(job).instance_id(&self.instance);
        let seen = match call.send().await.by(GET_COMMAND_INVOCATION) {
            Ok(seen) => seen,
            // The invocation shows up a moment after the send.
            Err(e) if e.code.as_deref() == Some("InvocationDoesNotExist") => {
                if self.misses.fetch_add(1, Ordering::Relaxed) < MISSES {
                    let note = "not delivered yet".into();
                    return Ok(Progress::Running { percent: None, note });
                }
                return Err(e);
            }
            Err(e) => return Err(e),
        };
        let status = seen.status.clone().unwrap_or(Status::Pending);
        match status {
            Status::Success | Status::Failed | Status::TimedOut | Status::Cancelled => {
                Ok(Progress::Done(CommandOutput {
                    command: job.into(),
                    status: status.as_str().into(),
                    details: seen.status_details.unwrap_or_default(),
                    exit_code: seen.response_code,
                    stdout: seen.standard_output_content.unwrap_or_default(),
                    stderr: seen.standard_error_content.unwrap_or_default(),
                }))
            }
            running => Ok(Progress::Running { percent: None, note: running.as_str().into() }),
        }
    }
}

impl SendCommand {
    async fn sent(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let wanted = comment(token);
        let call = aws.ssm().list_commands().instance_id(&self.instance);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_COMMANDS, page).all().await?;
        let mut commands = pages.into_iter().flat_map(|page| page.commands.unwrap_or_default());
        let ours = commands.find(|command| command.comment.as_deref() == Some(wanted.as_str()));
        Ok(ours.and_then(|command| command.command_id))
    }
}

/// At most 100 characters.
fn comment(token: &Token) -> String {
    format!("backburn {}", token.id).chars().take(100).collect()
}

fn aws_pause(aws: &Aws) -> Duration {
    aws.patience().longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn command(repeatable: bool) -> SendCommand {
        SendCommand {
            instance: "i-0123456789abcdef0".into(),
            document: "AWS-RunShellScript".into(),
            commands: vec!["id".into()],
            timeout_seconds: 60,
            repeatable,
            misses: Arc::default(),
        }
    }

    fn token() -> Token {
        Token { run: "01RUN".into(), step: "memory".into(), id: "0123abcd".into() }
    }

    fn error(code: &str) -> String {
        format!(r#"{{"__type":"{code}","message":"m"}}"#)
    }

    #[tokio::test]
    async fn it_is_sent_once_with_the_token() {
        let replay = Replay::default()
            .answer("SendCommand", 200, r#"{"Command":{"CommandId":"c-1"}}"#)
            .answer("ListCommands", 200, r#"{"Commands":[{"CommandId":"c-0"},{"CommandId":"c-1","Comment":"backburn 0123abcd"}]}"#);
        let aws = aws(&replay);
        assert_eq!(command(false).start(&aws, &token()).await, Ok("c-1".into()));
        let body = &replay.seen()[0].body;
        assert!(body.contains("backburn 0123abcd") && body.contains("executionTimeout"), "{body}");
        assert_eq!(command(false).find(&aws, &token()).await, Ok(Some("c-1".into())));
    }

    #[tokio::test]
    async fn an_unknown_start_is_repeated_only_when_it_may_be() {
        let replay = Replay::default().answer("ListCommands", 501, &error("NotImplemented"));
        let aws = aws(&replay);
        let refused = command(false).find(&aws, &token()).await.expect_err("cannot tell");
        assert!(refused.message.contains("repeatable: true"), "{refused}");
        assert_eq!(command(true).find(&aws, &token()).await, Ok(None));
    }

    #[tokio::test]
    async fn an_invocation_that_is_not_there_yet_is_running() {
        let replay = Replay::default()
            .answer("GetCommandInvocation", 400, &error("InvocationDoesNotExist"))
            .answer("GetCommandInvocation", 200, r#"{"Status":"InProgress"}"#)
            .answer("GetCommandInvocation", 200, r#"{"Status":"Failed","StatusDetails":"Failed","ResponseCode":3,"StandardOutputContent":"x"}"#);
        let (aws, command) = (aws(&replay), command(false));
        for _ in 0..2 {
            let running = command.poll(&aws, "c-1").await.expect("an answer");
            assert!(matches!(running, Progress::Running { .. }), "{running:?}");
        }
        let Ok(Progress::Done(done)) = command.poll(&aws, "c-1").await else { panic!("not done") };
        assert_eq!((done.exit_code, done.stdout.as_str()), (3, "x"));
    }
}
