//! DynamoDB: tables that a run makes with their items, the items of a table, its tags, and a hash of its
//! items. Owns their reads and writes, and the JSON form of items.

mod account;
mod canary;
pub(crate) mod item;
mod items;
mod permissions;
mod table;
mod table_contents;
mod table_tags;
pub(crate) mod things;
mod wanted;
mod writing;

pub use canary::CanaryItem;
pub use items::{Items, MOST_OVERWRITTEN};
pub use table::Table;
pub use table_contents::{TableContents, TableContentsAre};
pub use table_tags::TableTags;
pub use wanted::WantedItems;
pub(crate) use writing::all as all_items;

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(dynamodb, aws_sdk_dynamodb);

pub(super) const SERVICE: Service =
    Service { account: Some(account::ACCOUNT), ..Service::new("dynamodb", register) };

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<CanaryItem>().with::<Items>().with::<Table>()
}

/// The key that tables of runs have, a string.
pub const KEY: &str = "id";
