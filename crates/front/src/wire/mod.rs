//! AWS's wire protocols: which call a request is, and how an answer or an error is written for it.
//! Pure: bytes in, values out. What a call means is its stand-in's business.

mod cbor;
mod head;
mod known;
mod params;
mod query;
mod render;
mod route;
mod s3;
mod scope;
#[cfg(test)]
mod tests;
mod time;
mod xml;

pub(crate) use head::Head;
pub(crate) use params::decode;
pub(crate) use query::flatten;
pub(crate) use render::{Bytes, render};
pub(crate) use route::Route;
pub(crate) use scope::{Signed, signed};
pub(crate) use time::{iso, time};
pub(crate) use xml::{Xml, escape};

/// Families of encodings, each with its own shape for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// EC2's form parameters and XML.
    Ec2,
    /// `Action=` form parameters and XML: IAM, STS, RDS, SNS, Auto Scaling.
    Query,
    /// `X-Amz-Target` and JSON; `application/x-amz-json-1.0`.
    Json10,
    /// `X-Amz-Target` and JSON; `application/x-amz-json-1.1`.
    Json11,
    /// Method, path and JSON: FIS, Backup, GuardDuty, Lambda.
    RestJson,
    /// Method, path and XML: S3, Route 53.
    RestXml,
    /// `/service/NAME/operation/NAME` and CBOR (Smithy RPC v2): newer clients of CloudWatch.
    Cbor,
}

/// `InstanceId` to `instanceId`; the first letter only.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}
