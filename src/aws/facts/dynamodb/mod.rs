//! Facts of DynamoDB: the tags of a table, and a hash of its items. Owns reads only.

mod table_contents;
mod table_tags;

pub use table_contents::{TableContents, TableContentsAre};
pub use table_tags::TableTags;
