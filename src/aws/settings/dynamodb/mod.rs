//! Settings of DynamoDB: tables that a run makes with their items, and the items of a table. Owns their
//! reads and writes, and the JSON form of items.

pub(crate) mod item;
mod items;
mod table;
mod wanted;
mod writing;

pub use items::{Items, MOST_OVERWRITTEN};
pub use table::Table;
pub use wanted::WantedItems;
pub(crate) use writing::all as all_items;

/// The key that tables of runs have, a string.
pub const KEY: &str = "id";
pub(crate) const TABLES: &str = "arn:aws:dynamodb:{region}:{account}:table/*";
