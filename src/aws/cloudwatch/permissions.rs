//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const ALARMS: &str = "arn:aws:cloudwatch:{region}:{account}:alarm:*";

pub(crate) const DELETE_ALARMS: Permission = on("cloudwatch:DeleteAlarms", ALARMS);
pub(crate) const DESCRIBE_ALARMS: Permission = on("cloudwatch:DescribeAlarms", "*");
pub(crate) const LIST_TAGS_FOR_RESOURCE: Permission = on("cloudwatch:ListTagsForResource", ALARMS);
pub(crate) const PUT_METRIC_ALARM: Permission = on("cloudwatch:PutMetricAlarm", ALARMS);
pub(crate) const TAG_RESOURCE: Permission = on("cloudwatch:TagResource", ALARMS);
