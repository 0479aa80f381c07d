//! The calls that are tried with an attacker's credentials. Owns the list and how each is made: they only read, or write
//! what is there already.

use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Holder};
use crate::{
    aws::{Aws, call_error, s3::PublicAccessBlock},
    engine::{CallError, Class, Fact, World},
};

/// Calls that only read: of each, the first page or item is asked for.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Reads {
    #[serde(rename = "cloudtrail:DescribeTrails")]
    DescribeTrails,
    #[serde(rename = "dynamodb:ListTables")]
    ListTables,
    #[serde(rename = "ec2:DescribeInstances")]
    DescribeInstances,
    #[serde(rename = "guardduty:ListDetectors")]
    ListDetectors,
    #[serde(rename = "iam:ListRoles")]
    ListRoles,
    #[serde(rename = "iam:ListUsers")]
    ListUsers,
    #[serde(rename = "lambda:ListFunctions")]
    ListFunctions,
    #[serde(rename = "s3:ListAllMyBuckets")]
    ListAllMyBuckets,
    #[serde(rename = "sqs:ListQueues")]
    ListQueues,
    #[serde(rename = "ssm:DescribeInstanceInformation")]
    DescribeInstanceInformation,
}

/// Calls of attacks, on a thing that the drill made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Own {
    /// On a bucket, with the switches that it has.
    #[serde(rename = "s3:PutBucketPublicAccessBlock")]
    PutBucketPublicAccessBlock,
}

/// Permission that a call needs, as the Service Authorization Reference writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Name {
    Reads(Reads),
    Own(Own),
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Call {
    pub call: Name,
    /// The thing that it names, for a call of an attack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}

impl Reads {
    pub fn name(self) -> &'static str {
        match self {
            Self::DescribeTrails => "cloudtrail:DescribeTrails",
            Self::ListTables => "dynamodb:ListTables",
            Self::DescribeInstances => "ec2:DescribeInstances",
            Self::ListDetectors => "guardduty:ListDetectors",
            Self::ListRoles => "iam:ListRoles",
            Self::ListUsers => "iam:ListUsers",
            Self::ListFunctions => "lambda:ListFunctions",
            Self::ListAllMyBuckets => "s3:ListAllMyBuckets",
            Self::ListQueues => "sqs:ListQueues",
            Self::DescribeInstanceInformation => "ssm:DescribeInstanceInformation",
        }
    }

    /// # Errors
    /// AWS's answer, where it is one.
    async fn made(self, aws: &Aws) -> Result<(), CallError> {
        macro_rules! made {
            ($call:expr) => {
                $call.send().await.map(drop).map_err(|e| call_error(self.name(), e))
            };
        }
        match self {
            Self::DescribeTrails => made!(aws.cloudtrail().describe_trails()),
            Self::ListTables => made!(aws.dynamodb().list_tables().limit(1)),
            Self::DescribeInstances => made!(aws.ec2().describe_instances().max_results(5)),
            Self::ListDetectors => made!(aws.guardduty().list_detectors().max_results(1)),
            Self::ListRoles => made!(aws.iam().list_roles().max_items(1)),
            Self::ListUsers => made!(aws.iam().list_users().max_items(1)),
            Self::ListFunctions => made!(aws.lambda().list_functions().max_items(1)),
            Self::ListAllMyBuckets => made!(aws.s3().list_buckets()),
            Self::ListQueues => made!(aws.sqs().list_queues()),
            Self::DescribeInstanceInformation => made!(aws.ssm().describe_instance_information()),
        }
    }
}

impl Name {
    pub fn text(self) -> &'static str {
        match self {
            Self::Reads(call) => call.name(),
            Self::Own(Own::PutBucketPublicAccessBlock) => "s3:PutBucketPublicAccessBlock",
        }
    }
}

impl Call {
    /// For people: the call, and what it is made on.
    pub fn shown(&self) -> String {
        match &self.on {
            Some(on) => format!("{} on {on}", self.call.text()),
            None => self.call.text().to_owned(),
        }
    }

    /// Makes the call as `attacker`. What a write has to say is read as `runner`.
    ///
    /// # Errors
    /// AWS's answer to the attacker, or why the call could not be made.
    pub async fn made(&self, attacker: &Aws, runner: &Aws) -> Result<(), CallError> {
        match (self.call, &self.on) {
            (Name::Reads(call), _) => call.made(attacker).await,
            (Name::Own(Own::PutBucketPublicAccessBlock), Some(bucket)) => {
                let block = PublicAccessBlock { bucket: bucket.clone() };
                let unread = |e: CallError| {
                    // Nobody may take a refusal of the runner for one of the attacker.
                    let text = format!("what it would write cannot be read: {e}");
                    CallError::local(self.call.text(), Class::Unknown, text)
                };
                let now = block.read(runner).await.map_err(unread)?;
                block.put(attacker, now.as_ref()).await
            }
            (Name::Own(_), None) => {
                let text = "it names no thing that the drill made";
                Err(CallError::local(self.call.text(), Class::Invalid, text))
            }
        }
    }
}

/// One answer to each call, all asked at once.
pub async fn all(calls: &[Call], attacker: &Aws, runner: &Aws, holder: Holder) -> Vec<Answer> {
    let each = calls.iter().map(|call| async {
        // EC2 and S3 of a Region: in the attacker's own, which is that of the step.
        debug_assert_eq!(attacker.scope().region, runner.scope().region);
        Answer::of(call.made(attacker, runner).await, holder)
    });
    join_all(each).await
}
