//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const RULES: &str = "arn:aws:events:{region}:{account}:rule/backburn-*";

pub(crate) const DELETE_RULE: Permission = on("events:DeleteRule", RULES);
pub(crate) const DESCRIBE_RULE: Permission = on("events:DescribeRule", RULES);
pub(crate) const LIST_TAGS_FOR_RESOURCE: Permission = on("events:ListTagsForResource", RULES);
pub(crate) const LIST_TARGETS_BY_RULE: Permission = on("events:ListTargetsByRule", RULES);
pub(crate) const PUT_RULE: Permission = on("events:PutRule", RULES);
pub(crate) const PUT_TARGETS: Permission = on("events:PutTargets", RULES);
pub(crate) const REMOVE_TARGETS: Permission = on("events:RemoveTargets", RULES);
pub(crate) const TAG_RESOURCE: Permission = on("events:TagResource", RULES);
