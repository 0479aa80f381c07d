//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const QUEUES: &str = "arn:aws:sqs:{region}:{account}:backburn-*";
pub(crate) const ALARMS: &str = "arn:aws:cloudwatch:{region}:{account}:alarm:*";

pub(crate) const DESCRIBE_ALARMS: Permission = on("cloudwatch:DescribeAlarms", ALARMS);
pub(crate) const DESCRIBE_ALARM_HISTORY: Permission = on("cloudwatch:DescribeAlarmHistory", ALARMS);
pub(crate) const GET_FINDINGS: Permission = on("guardduty:GetFindings", "*");
pub(crate) const LIST_DETECTORS: Permission = on("guardduty:ListDetectors", "*");
pub(crate) const LIST_FINDINGS: Permission = on("guardduty:ListFindings", "*");
pub(crate) const LOOKUP_EVENTS: Permission = on("cloudtrail:LookupEvents", "*");
pub(crate) const RECEIVE_MESSAGE: Permission = on("sqs:ReceiveMessage", QUEUES);
