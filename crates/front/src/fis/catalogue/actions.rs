//! Actions with effect: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html>.

use super::parameter::{Form, Parameter};

/// What an action does, for the code that does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AssertAlarmState,
    PauseVolumeIo,
    RebootInstances,
    StopInstances,
    TerminateInstances,
    InternalError,
    ThrottleError,
    UnavailableError,
    Wait,
    DisruptConnectivity,
    FailoverCluster,
    RebootDatabases,
    SendCommand,
}

pub(crate) struct ActionSpec {
    pub id: &'static str,
    pub kind: Kind,
    pub description: &'static str,
    pub target: Option<Part>,
    pub parameters: &'static [Parameter],
}

/// Name of an action's target and the resource type that it takes.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub name: &'static str,
    pub resource_type: &'static str,
}

impl ActionSpec {
    /// Name of the parameter for the action's duration.
    pub(crate) fn duration(&self) -> Option<&'static str> {
        let found = self.parameters.iter().find(|p| matches!(p.form, Form::Duration { .. }));
        found.map(|parameter| parameter.name)
    }
}

pub(crate) fn find(id: &str) -> Option<&'static ActionSpec> {
    ACTIONS.iter().find(|action| action.id == id)
}

const fn on(name: &'static str, resource_type: &'static str) -> Option<Part> {
    Some(Part { name, resource_type })
}

const DURATION: Parameter =
    Parameter::required("duration", Form::Duration { from: 60 }, "The duration (ISO 8601).");
const DOCUMENT_ARN: Parameter = Parameter::required(
    "documentArn",
    Form::Text,
    "The Amazon Resource Name (ARN) of the document.",
);
const DOCUMENT_VERSION: Parameter =
    Parameter::optional("documentVersion", Form::Text, "The version of the document.");
const DOCUMENT_PARAMETERS: Parameter = Parameter::optional(
    "documentParameters",
    Form::Document,
    "The parameters for the document, as a JSON object.",
);
/// The services that the guide names.
const INJECT: &[Parameter] = &[
    DURATION,
    Parameter::required(
        "service",
        Form::OneOf(&["ec2", "kinesis"]),
        "The target AWS API namespace.",
    ),
    Parameter::required("percentage", Form::Percentage, "The percentage of calls to affect."),
    Parameter::required("operations", Form::Text, "The operations to affect, separated by commas."),
];
const INSTANCES: Option<Part> = on("Instances", "aws:ec2:instance");
const ROLES: Option<Part> = on("Roles", "aws:iam:role");

/// By id.
pub(crate) const ACTIONS: &[ActionSpec] = &[
    ActionSpec {
        id: "aws:cloudwatch:assert-alarm-state",
        kind: Kind::AssertAlarmState,
        description: "Asserts that CloudWatch alarms are in an expected state.",
        target: None,
        parameters: &[
            Parameter::required(
                "alarmArns",
                Form::AlarmArns,
                "The alarm ARNs, separated by commas.",
            ),
            Parameter::required(
                "alarmStates",
                Form::SomeOf(&["OK", "ALARM", "INSUFFICIENT_DATA"]),
                "The expected states, separated by commas.",
            ),
        ],
    },
    ActionSpec {
        id: "aws:ebs:pause-volume-io",
        kind: Kind::PauseVolumeIo,
        description: "Pause I/O on the target EBS volumes. Recorded only: the lab's volumes carry no I/O.",
        target: on("Volumes", "aws:ec2:ebs-volume"),
        parameters: &[Parameter::required(
            "duration",
            Form::Duration { from: 1 },
            "The duration (ISO 8601), from one second.",
        )],
    },
    ActionSpec {
        id: "aws:ec2:reboot-instances",
        kind: Kind::RebootInstances,
        description: "Reboot the specified EC2 instances.",
        target: INSTANCES,
        parameters: &[],
    },
    ActionSpec {
        id: "aws:ec2:stop-instances",
        kind: Kind::StopInstances,
        description: "Stop the specified EC2 instances.",
        target: INSTANCES,
        parameters: &[
            Parameter::optional(
                "startInstancesAfterDuration",
                Form::Duration { from: 60 },
                "The time to wait before restarting the instances (ISO 8601 duration).",
            ),
            Parameter::optional(
                "completeIfInstancesTerminated",
                Form::OneOf(&["true", "false"]),
                "Whether instances that were terminated meanwhile let the action complete.",
            ),
        ],
    },
    ActionSpec {
        id: "aws:ec2:terminate-instances",
        kind: Kind::TerminateInstances,
        description: "Terminate the specified EC2 instances.",
        target: INSTANCES,
        parameters: &[],
    },
    ActionSpec {
        id: "aws:fis:inject-api-internal-error",
        kind: Kind::InternalError,
        description: "Cause an AWS service to return internal error responses to the target roles.",
        target: ROLES,
        parameters: INJECT,
    },
    ActionSpec {
        id: "aws:fis:inject-api-throttle-error",
        kind: Kind::ThrottleError,
        description: "Cause an AWS service to return throttled responses to the target roles.",
        target: ROLES,
        parameters: INJECT,
    },
    ActionSpec {
        id: "aws:fis:inject-api-unavailable-error",
        kind: Kind::UnavailableError,
        description: "Cause an AWS service to return unavailable error responses to the target roles.",
        target: ROLES,
        parameters: INJECT,
    },
    ActionSpec {
        id: "aws:fis:wait",
        kind: Kind::Wait,
        description: "Wait for the specified duration.",
        target: None,
        parameters: &[DURATION],
    },
    ActionSpec {
        id: "aws:network:disrupt-connectivity",
        kind: Kind::DisruptConnectivity,
        description: "Deny the specified traffic to the target subnets.",
        target: on("Subnets", "aws:ec2:subnet"),
        parameters: &[
            DURATION,
            Parameter::required(
                "scope",
                Form::OneOf(&[
                    "all",
                    "availability-zone",
                    "dynamodb",
                    "prefix-list",
                    "s3",
                    "s3express",
                    "vpc",
                ]),
                "The type of traffic to deny.",
            ),
            Parameter::optional(
                "prefixListIdentifier",
                Form::Text,
                "Name, ID or ARN of the prefix list, when the scope is prefix-list.",
            ),
        ],
    },
    ActionSpec {
        id: "aws:rds:failover-db-cluster",
        kind: Kind::FailoverCluster,
        description: "Failover a DB Cluster.",
        target: on("Clusters", "aws:rds:cluster"),
        parameters: &[],
    },
    ActionSpec {
        id: "aws:rds:reboot-db-instances",
        kind: Kind::RebootDatabases,
        description: "Reboot the specified DB instances.",
        target: on("DBInstances", "aws:rds:db"),
        parameters: &[Parameter::optional(
            "forceFailover",
            Form::OneOf(&["true", "false"]),
            "Whether to force a failover to another Availability Zone.",
        )],
    },
    ActionSpec {
        id: "aws:ssm:send-command",
        kind: Kind::SendCommand,
        description: "Run the Systems Manager API SendCommand on the target instances.",
        target: INSTANCES,
        parameters: &[DOCUMENT_ARN, DOCUMENT_VERSION, DOCUMENT_PARAMETERS, DURATION],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_their_resource_types_are_known() {
        assert!(ACTIONS.is_sorted_by_key(|action| action.id));
        for action in ACTIONS {
            if let Some(part) = action.target {
                assert!(super::super::resource_type(part.resource_type).is_some(), "{}", action.id);
            }
            assert!(!super::super::ELSEWHERE.contains(&action.id));
        }
    }
}
