//! DynamoDB: tables that a run makes with their items, the items of a table, its tags, and a hash of its
//! items. Owns their reads and writes, and the JSON form of items.

pub(crate) mod item;
mod items;
mod table;
mod table_contents;
mod table_tags;
mod wanted;
mod writing;

pub use items::{Items, MOST_OVERWRITTEN};
pub use table::Table;
pub use table_contents::{TableContents, TableContentsAre};
pub use table_tags::TableTags;
pub use wanted::WantedItems;
pub(crate) use writing::all as all_items;

/// The key that tables of runs have, a string.
pub const KEY: &str = "id";
pub(crate) const TABLES: &str = "arn:aws:dynamodb:{region}:{account}:table/*";
