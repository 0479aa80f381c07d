//! Actions on DynamoDB: tables that a drill makes, an attack on their items, and the comparison of what
//! is left. One file an action.

pub mod compare_items;
pub mod create_table;
pub mod overwrite_items;
pub mod write_canary;
