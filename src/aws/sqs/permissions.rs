//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const QUEUES: &str = "arn:aws:sqs:{region}:{account}:backburn-*";

pub(crate) const CREATE_QUEUE: Permission = on("sqs:CreateQueue", QUEUES);
pub(crate) const DELETE_QUEUE: Permission = on("sqs:DeleteQueue", QUEUES);
pub(crate) const GET_QUEUE_ATTRIBUTES: Permission = on("sqs:GetQueueAttributes", QUEUES);
pub(crate) const GET_QUEUE_URL: Permission = on("sqs:GetQueueUrl", QUEUES);
pub(crate) const LIST_QUEUE_TAGS: Permission = on("sqs:ListQueueTags", QUEUES);
pub(crate) const SET_QUEUE_ATTRIBUTES: Permission = on("sqs:SetQueueAttributes", QUEUES);
pub(crate) const TAG_QUEUE: Permission = on("sqs:TagQueue", QUEUES);
