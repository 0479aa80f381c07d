//! EC2's own answer whether a planned call would be allowed: the same call with `DryRun`. Owns which
//! planned changes and operations have such a call; one call for each permission.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html>: the error is
//! `DryRunOperation` when the caller is allowed, and `UnauthorizedOperation` when it is not.

use std::collections::BTreeSet;

use aws_sdk_ec2::types;
use futures::{FutureExt, future::join_all};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, World, is_open, plan::PlannedStep},
};

use super::probe::Answer;

/// What stands for a permission in one plan.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Call<'a> {
    CreateGroup { vpc: &'a str },
    CreateImage { instance: &'a str },
    CreateSnapshots { instance: &'a str },
    ModifyInstance { instance: &'a str },
    ModifyInterface { interface: &'a str },
    Stop { instance: &'a str },
    Tag { resource: &'a str },
}

impl Call<'_> {
    fn action(&self) -> &'static str {
        match self {
            Self::CreateGroup { .. } => "ec2:CreateSecurityGroup",
            Self::CreateImage { .. } => "ec2:CreateImage",
            Self::CreateSnapshots { .. } => "ec2:CreateSnapshots",
            Self::ModifyInstance { .. } => "ec2:ModifyInstanceAttribute",
            Self::ModifyInterface { .. } => "ec2:ModifyNetworkInterfaceAttribute",
            Self::Stop { .. } => "ec2:StopInstances",
            Self::Tag { .. } => "ec2:CreateTags",
        }
    }

    /// The error that the call ends in; a dry run that succeeds has none, which proves nothing.
    async fn make(&self, aws: &Aws) -> Option<CallError> {
        let ec2 = aws.ec2();
        macro_rules! error {
            ($call:expr) => {
                $call.dry_run(true).send().await.err().map(|e| call_error(self.action(), e))
            };
        }
        match self {
            Self::CreateGroup { vpc } => error!(
                ec2.create_security_group()
                    .vpc_id(*vpc)
                    .group_name("backburn-dry-run")
                    .description("backburn dry run")
            ),
            Self::CreateImage { instance } => error!(
                ec2.create_image().instance_id(*instance).name("backburn-dry-run").no_reboot(true)
            ),
            Self::CreateSnapshots { instance } => {
                error!(ec2.create_snapshots().instance_specification(
                    types::InstanceSpecification::builder().instance_id(*instance).build()
                ))
            }
            Self::ModifyInstance { instance } => {
                let on = types::AttributeBooleanValue::builder().value(true).build();
                error!(
                    ec2.modify_instance_attribute()
                        .instance_id(*instance)
                        .disable_api_termination(on)
                )
            }
            Self::ModifyInterface { interface } => {
                let on = types::AttributeBooleanValue::builder().value(true).build();
                error!(
                    ec2.modify_network_interface_attribute()
                        .network_interface_id(*interface)
                        .source_dest_check(on)
                )
            }
            Self::Stop { instance } => error!(ec2.stop_instances().instance_ids(*instance)),
            Self::Tag { resource } => error!(
                ec2.create_tags()
                    .resources(*resource)
                    .tags(types::Tag::builder().key("backburn:dry-run").value("").build())
            ),
        }
    }
}

/// Permission, answer and its source.
pub(super) async fn ask(aws: &Aws, steps: &[PlannedStep]) -> Vec<(&'static str, Answer, String)> {
    let calls = calls(steps, &aws.scope().region);
    let asked = calls.iter().map(|call| call.make(aws).map(|error| (call.action(), error)));
    let heard = join_all(asked).await.into_iter().filter_map(|(action, error)| {
        let (answer, why) = heard(&error?)?;
        Some((action, answer, why.to_owned()))
    });
    heard.collect()
}

fn heard(error: &CallError) -> Option<(Answer, &'static str)> {
    match (error.code.as_deref(), error.class) {
        (Some("DryRunOperation"), _) => Some((Answer::Allowed, "a dry run reports it")),
        (_, Class::Denied) => Some((Answer::Denied, "a dry run was denied")),
        _ => None,
    }
}

/// The first call for each permission, in the run's own Region.
fn calls<'a>(steps: &'a [PlannedStep], region: &str) -> Vec<Call<'a>> {
    let changes = steps.iter().flat_map(|step| &step.changes);
    let changes = changes
        .filter(|change| change.scope.region == region)
        .filter_map(|change| of_change(&change.place.kind, &change.place.target));
    let operations = steps.iter().flat_map(|step| &step.operations);
    let operations = operations
        .filter(|operation| operation.scope.region == region)
        .filter_map(|operation| of_operation(&operation.place.kind, &operation.place.target));
    let mut seen = BTreeSet::new();
    changes.chain(operations).filter(|call| seen.insert(call.action())).collect()
}

fn known(target: &str) -> Option<&str> {
    (!is_open(&target.into())).then_some(target)
}

fn of_change<'a>(kind: &str, target: &'a str) -> Option<Call<'a>> {
    let target = known(target)?;
    // Targets that name two things have the one that is asked about first.
    let first = target.split(['/', ' ']).next().unwrap_or(target);
    Some(match kind {
        "ec2.security-group" => Call::CreateGroup { vpc: first },
        "ec2.eni-groups" => Call::ModifyInterface { interface: first },
        "ec2.termination-protection" | "ec2.shutdown-behavior" | "ec2.delete-on-termination" => {
            Call::ModifyInstance { instance: first }
        }
        "ec2.instance-state" => Call::Stop { instance: first },
        "ec2.tag" => Call::Tag { resource: first },
        _ => return None,
    })
}

fn of_operation<'a>(kind: &str, target: &'a str) -> Option<Call<'a>> {
    let instance = known(target)?;
    Some(match kind {
        "ec2.create-snapshots" => Call::CreateSnapshots { instance },
        "ec2.create-image" => Call::CreateImage { instance },
        _ => return None,
    })
}
