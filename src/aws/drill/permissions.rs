//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const ALARMS: &str = "arn:aws:cloudwatch:{region}:{account}:alarm:*";

pub(crate) const DESCRIBE_ALARMS: Permission = on("cloudwatch:DescribeAlarms", ALARMS);
pub(crate) const GET_CALLER_IDENTITY: Permission = on("sts:GetCallerIdentity", "*");
