//! A command that was sent, and its state by time. Nothing runs in the background: what a command has come to
//! follows from when it was sent and how fast the lab's clock runs, so a restart changes nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Clock;
use crate::wire::{iso, time};

/// AWS's time until an agent has the command, and until it has run.
const PENDING: Duration = Duration::from_secs(1);
const RUNNING: Duration = Duration::from_secs(3);
/// What AWS returns of output in `GetCommandInvocation`, and in the lists.
const LONG: usize = 24_000;
const LONG_ERROR: usize = 8_000;
const SHORT: usize = 2_500;

/// Where a command is on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    Cancelled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress)
    }
}

/// A command on one instance, with the output that the table had when it was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invocation {
    pub instance: String,
    pub name: String,
    pub stdout: String,
    pub stderr: String,
    pub exit_code: i64,
}

/// A command, as the store keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Command {
    pub id: String,
    pub requested: Timestamp,
    pub document: String,
    pub version: String,
    pub comment: String,
    pub parameters: Value,
    /// As asked for; empty when targets were.
    pub instances: Vec<String>,
    pub targets: Value,
    pub timeout: i64,
    pub max_concurrency: String,
    pub max_errors: String,
    pub bucket: String,
    pub prefix: String,
    pub service_role: String,
    pub invocations: Vec<Invocation>,
    pub cancelled: Option<Timestamp>,
}

impl Command {
    fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.requested).try_into().unwrap_or_default()
    }

    /// When it ended on an instance, however it did.
    fn end(&self, clock: Clock) -> Timestamp {
        self.requested + clock.shorten(PENDING + RUNNING)
    }

    pub(super) fn status_of(
        &self,
        invocation: &Invocation,
        clock: Clock,
        now: Timestamp,
    ) -> Status {
        let age = self.age(now);
        match self.cancelled {
            Some(_) => Status::Cancelled,
            None if age < clock.shorten(PENDING) => Status::Pending,
            None if age < clock.shorten(PENDING + RUNNING) => Status::InProgress,
            None if invocation.exit_code == 0 => Status::Success,
            None => Status::Failed,
        }
    }

    pub(super) fn status(&self, clock: Clock, now: Timestamp) -> Status {
        let each: Vec<Status> =
            self.invocations.iter().map(|i| self.status_of(i, clock, now)).collect();
        match each.as_slice() {
            [] => Status::Success,
            all if all.contains(&Status::Cancelled) => Status::Cancelled,
            all if all.contains(&Status::InProgress) => Status::InProgress,
            all if all.contains(&Status::Pending) => Status::Pending,
            all if all.contains(&Status::Failed) => Status::Failed,
            _ => Status::Success,
        }
    }

    /// `Command`. AWS counts nothing in the answer to SendCommand itself.
    pub(super) fn shape(&self, clock: Clock, now: Timestamp) -> Value {
        let each = || self.invocations.iter().map(|i| self.status_of(i, clock, now));
        let status = self.status(clock, now);
        let details = if self.invocations.is_empty() { "NoInstancesInTag" } else { status.name() };
        let expires = self.requested + Duration::from_secs(self.timeout.unsigned_abs());
        let mut shape = json!({
            "CommandId": self.id,
            "DocumentName": self.document,
            "DocumentVersion": self.version,
            "Comment": self.comment,
            "ExpiresAfter": time(expires),
            "Parameters": self.parameters,
            "InstanceIds": self.instances,
            "Targets": self.targets,
            "RequestedDateTime": time(self.requested),
            "Status": status.name(),
            "StatusDetails": details,
            "OutputS3BucketName": self.bucket,
            "OutputS3KeyPrefix": self.prefix,
            "MaxConcurrency": self.max_concurrency,
            "MaxErrors": self.max_errors,
            "TargetCount": self.invocations.len(),
            "CompletedCount": each().filter(|status| status.is_final()).count(),
            "ErrorCount": each().filter(|status| *status == Status::Failed).count(),
            "DeliveryTimedOutCount": 0,
            "ServiceRole": self.service_role,
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
        });
        if self.timeout > 0 {
            shape["TimeoutSeconds"] = json!(self.timeout);
        }
        shape
    }

    /// Name of the one plugin that AWS's own documents have.
    fn plugin(&self) -> &'static str {
        if self.document.contains("PowerShell") {
            "aws:runPowerShellScript"
        } else {
            "aws:runShellScript"
        }
    }

    pub(super) fn has_plugin(&self, name: &str) -> bool {
        [self.plugin(), "runShellScript", "aws:runShellScript"].contains(&name)
    }

    /// Answer to `GetCommandInvocation`.
    pub(super) fn invocation(&self, of: &Invocation, clock: Clock, now: Timestamp) -> Value {
        let status = self.status_of(of, clock, now);
        let is_done = matches!(status, Status::Success | Status::Failed);
        let when = |is: bool, at: Timestamp| if is { iso(at) } else { String::new() };
        let began = self.requested + clock.shorten(PENDING);
        let seconds = clock.shorten(RUNNING).as_secs_f64();
        json!({
            "CommandId": self.id,
            "InstanceId": of.instance,
            "Comment": self.comment,
            "DocumentName": self.document,
            "DocumentVersion": self.version,
            "PluginName": self.plugin(),
            "ResponseCode": if is_done { of.exit_code } else { -1 },
            "ExecutionStartDateTime": when(is_done || status == Status::InProgress, began),
            "ExecutionElapsedTime": if is_done { format!("PT{seconds:.3}S") } else { String::new() },
            "ExecutionEndDateTime": when(is_done, self.end(clock)),
            "Status": status.name(),
            "StatusDetails": status.name(),
            "StandardOutputContent": if is_done { cut(&of.stdout, LONG) } else { "" },
            "StandardOutputUrl": "",
            "StandardErrorContent": if is_done { cut(&of.stderr, LONG_ERROR) } else { "" },
            "StandardErrorUrl": "",
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
        })
    }

    /// An element of `ListCommandInvocations`.
    pub(super) fn listed(
        &self,
        of: &Invocation,
        details: bool,
        clock: Clock,
        now: Timestamp,
    ) -> Value {
        let status = self.status_of(of, clock, now);
        let is_done = matches!(status, Status::Success | Status::Failed);
        let mut plugins = Vec::new();
        if details {
            let mut plugin = json!({
                "Name": self.plugin(),
                "Status": status.name(),
                "StatusDetails": status.name(),
                "ResponseCode": if is_done { of.exit_code } else { -1 },
                "ResponseStartDateTime": time(self.requested + clock.shorten(PENDING)),
                "Output": "",
                "StandardOutputUrl": "",
                "StandardErrorUrl": "",
                "OutputS3Region": "",
                "OutputS3BucketName": self.bucket,
                "OutputS3KeyPrefix": self.prefix,
            });
            if is_done {
                let both =
                    [of.stdout.as_str(), of.stderr.as_str()].join("\n----------ERROR-------\n");
                let output = if of.stderr.is_empty() { &of.stdout } else { &both };
                plugin["Output"] = json!(cut(output, SHORT));
                plugin["ResponseFinishDateTime"] = time(self.end(clock));
            }
            plugins.push(plugin);
        }
        json!({
            "CommandId": self.id,
            "InstanceId": of.instance,
            "InstanceName": of.name,
            "Comment": self.comment,
            "DocumentName": self.document,
            "DocumentVersion": self.version,
            "RequestedDateTime": time(self.requested),
            "Status": status.name(),
            "StatusDetails": status.name(),
            "StandardOutputUrl": "",
            "StandardErrorUrl": "",
            "CommandPlugins": plugins,
            "ServiceRole": self.service_role,
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
        })
    }
}

fn cut(text: &str, longest: usize) -> &str {
    text.char_indices().nth(longest).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn sample(exit_codes: &[i64]) -> Command {
        let invocation = |(n, exit_code): (usize, &i64)| Invocation {
            instance: format!("i-{n}"),
            name: String::new(),
            stdout: "out".into(),
            stderr: String::new(),
            exit_code: *exit_code,
        };
        Command {
            id: "c".into(),
            requested: Timestamp::from_second(1_700_000_000).expect("in range"),
            document: "AWS-RunShellScript".into(),
            version: "1".into(),
            comment: String::new(),
            parameters: json!({}),
            instances: vec![],
            targets: json!([]),
            timeout: 3600,
            max_concurrency: "50".into(),
            max_errors: "0".into(),
            bucket: String::new(),
            prefix: String::new(),
            service_role: String::new(),
            invocations: exit_codes.iter().enumerate().map(invocation).collect(),
            cancelled: None,
        }
    }

    fn after(command: &Command, millis: u64) -> Timestamp {
        command.requested + Duration::from_millis(millis)
    }

    #[test]
    fn states_follow_the_clock() {
        let (command, slow) = (sample(&[0, 3]), Clock::default());
        let at = |ms| command.status(slow, after(&command, ms));
        assert_eq!(
            [at(0), at(1500), at(5000)],
            [Status::Pending, Status::InProgress, Status::Failed]
        );
        let fast = Clock::times(100.0).expect("a factor");
        assert_eq!(command.status(fast, after(&command, 50)), Status::Failed);
        assert_eq!(sample(&[0]).status(fast, after(&command, 50)), Status::Success);
        let shape = command.shape(slow, after(&command, 5000));
        assert_eq!((&shape["CompletedCount"], &shape["ErrorCount"]), (&json!(2), &json!(1)));
    }

    #[test]
    fn output_comes_with_the_end_only() {
        let (command, clock) = (sample(&[0]), Clock::default());
        let early = command.invocation(&command.invocations[0], clock, after(&command, 2000));
        assert_eq!(
            (&early["ResponseCode"], &early["StandardOutputContent"]),
            (&json!(-1), &json!(""))
        );
        let late = command.invocation(&command.invocations[0], clock, after(&command, 9000));
        assert_eq!(
            (&late["ResponseCode"], &late["StandardOutputContent"]),
            (&json!(0), &json!("out"))
        );
        assert_eq!(late["ExecutionElapsedTime"], "PT3.000S");
    }

    #[test]
    fn a_cancelled_command_stays_so() {
        let mut command = sample(&[0]);
        command.cancelled = Some(command.requested);
        assert_eq!(command.status(Clock::default(), after(&command, 9000)), Status::Cancelled);
        assert_eq!(
            sample(&[]).shape(Clock::default(), command.requested)["StatusDetails"],
            "NoInstancesInTag"
        );
    }
}
