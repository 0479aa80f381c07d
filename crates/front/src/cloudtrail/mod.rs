//! CloudTrail: every management call through the front as an event, and LookupEvents over them.
//!
//! Trails, event data stores and their status are the upstream's. Record format 1.11:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

mod error_code;
mod identity;
mod journal;
mod lookup;
mod mask;
mod names;
mod params;
mod record;
mod resources;
mod response;
mod trail;

pub(super) use lookup::answer;
pub(super) use names::{is_data, is_read_only};
pub(super) use record::event;
pub(crate) use trail::Record;
pub(super) use trail::Trail;

pub(super) const STANDS_IN_FOR: &[&str] = &[
    "LookupEvents returns the management calls that went through this endpoint, immediately; calls made to the upstream directly are missing",
    "`AWS API Call via CloudTrail` events are published whether or not a trail logs, which AWS asks for",
    "request and response elements follow the call itself, so that some fields are named or nested otherwise than on AWS",
    "trails, data events and Insights are the upstream's; no log file is written to a bucket",
];
