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

pub(crate) use find::{Origin, foreign, locate};
pub(crate) use meaning::{topic_region, web_url};
pub(crate) use model::{Account, Config, EVERY_KIND, Kind, Stance, Target, Way, is_account_id};
pub(crate) use read::{Checked, parse};
pub(crate) use schema::json_schema;
pub(crate) use source::{Secret, Source, is_loopback, shown_url};
