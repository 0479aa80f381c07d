//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const TABLES: &str = "arn:aws:dynamodb:{region}:{account}:table/*";

pub(crate) const BATCH_WRITE_ITEM: Permission = on("dynamodb:BatchWriteItem", TABLES);
pub(crate) const CREATE_TABLE: Permission = on("dynamodb:CreateTable", TABLES);
pub(crate) const DELETE_ITEM: Permission = on("dynamodb:DeleteItem", TABLES);
pub(crate) const DELETE_TABLE: Permission = on("dynamodb:DeleteTable", TABLES);
pub(crate) const DESCRIBE_TABLE: Permission = on("dynamodb:DescribeTable", TABLES);
pub(crate) const GET_ITEM: Permission = on("dynamodb:GetItem", TABLES);
pub(crate) const LIST_TAGS_OF_RESOURCE: Permission = on("dynamodb:ListTagsOfResource", TABLES);
pub(crate) const SCAN: Permission = on("dynamodb:Scan", TABLES);
pub(crate) const TAG_RESOURCE: Permission = on("dynamodb:TagResource", TABLES);
