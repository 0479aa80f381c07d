//! `backburn.toml`: what applies to all runs of an organisation. Owns where the file is found,
//! its format, its mistakes and its schema; calls no AWS, sends nothing, and keeps no secret.

mod find;
mod meaning;
mod model;
mod read;
mod schema;
mod source;
#[cfg(test)]
mod tests;

pub use find::{Origin, locate};
pub use meaning::{topic_region, web_url};
pub use model::{Account, Config, EVERY_KIND, Kind, Stance, Target, Way, is_account_id};
pub use read::{Checked, parse};
pub use schema::json_schema;
pub use source::{Secret, Source, is_loopback, shown_url};
