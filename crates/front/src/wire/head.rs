//! What the head of a request contains: service, Region, key, protocol, and the operation unless it is in the body.

use hyper::{HeaderMap, Method, Uri, header};

use super::route::{self, Route};
use super::{Protocol, Signed, known, lower_first, query, s3, signed};

/// A signed request before its body is read.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub signed: Signed,
    pub protocol: Protocol,
    /// `None` while it is in a body not yet read, or for a REST service whose table nobody has.
    pub operation: Option<String>,
    pub query: Vec<(String, String)>,
    /// Parts of the path that are input members.
    pub labels: Vec<(String, String)>,
}

impl Head {
    /// `None` for a request without a scope: it is not for the front to understand.
    pub(crate) fn read(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        routes: impl Fn(&str) -> Vec<Route>,
    ) -> Option<Self> {
        let raw = uri.query().unwrap_or("");
        let signed = signed(headers, raw)?;
        let query = query::pairs(raw);
        let mut labels = Vec::new();
        let (protocol, operation) = if let Some(target) = text(headers, "x-amz-target") {
            let is_10 = content_type(headers).contains("x-amz-json-1.0");
            let protocol = if is_10 { Protocol::Json10 } else { Protocol::Json11 };
            (protocol, target.rsplit('.').next().map(str::to_owned))
        } else if let Some(operation) = rpc(uri.path(), headers) {
            (Protocol::Cbor, Some(operation))
        } else if let Some(protocol) = form(&signed.service, &query, headers) {
            (protocol, query.iter().find(|(name, _)| name == "Action").map(|(_, v)| v.clone()))
        } else if let Some(operation) = s3_control(&signed.service, method, uri, headers) {
            (Protocol::RestXml, Some(operation))
        } else if signed.service == "s3" {
            let target = s3::target(method, uri.path(), &query, headers);
            labels = vec![("bucketName".into(), target.bucket), ("key".into(), target.key)];
            labels.retain(|(_, value)| !value.is_empty());
            (Protocol::RestXml, Some(target.operation))
        } else {
            let find = |table: &[Route]| route::find(table, method, uri.path(), &query);
            // A stand-in's own table is first: its labels are what it reads.
            let found = find(&routes(&signed.service)).or_else(|| {
                let (operation, mut labels) = find(known::routes(&signed.service))?;
                labels.iter_mut().for_each(|(name, _)| *name = lower_first(name));
                Some((operation, labels))
            });
            let operation = found.map(|(operation, found)| {
                labels = found;
                operation.to_owned()
            });
            (rest(&signed.service), operation)
        };
        let operation = operation.filter(|name| is_name(name));
        Some(Self { signed, protocol, operation, query, labels })
    }

    /// Whether the operation's name must be looked for in the body.
    pub(crate) fn is_named_by_body(&self) -> bool {
        self.operation.is_none() && matches!(self.protocol, Protocol::Ec2 | Protocol::Query)
    }
}

/// What could be the name of an operation; anything else is not worth repeating in logs and answers.
pub(super) fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn rest(service: &str) -> Protocol {
    match service {
        "s3" | "s3-outposts" | "s3-object-lambda" | "route53" | "cloudfront" => Protocol::RestXml,
        _ => Protocol::RestJson,
    }
}

fn form(service: &str, query: &[(String, String)], headers: &HeaderMap) -> Option<Protocol> {
    let is_form = content_type(headers).starts_with("application/x-www-form-urlencoded");
    let has_action = || query.iter().any(|(name, _)| name == "Action");
    let is_rest = matches!(service, "s3") || rest(service) == Protocol::RestXml;
    let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
    (!is_rest && (is_form || has_action())).then_some(protocol)
}

/// Smithy RPC v2: `/service/GraniteServiceVersion20100801/operation/PutMetricAlarm`.
fn rpc(path: &str, headers: &HeaderMap) -> Option<String> {
    let (_, operation) = path.strip_prefix("/service/")?.split_once("/operation/")?;
    let marked = text(headers, "smithy-protocol").is_some_and(|value| value == "rpc-v2-cbor");
    (marked && !operation.contains('/')).then(|| operation.to_owned())
}

fn s3_control(service: &str, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    if service == "s3" { known::s3_control(method, uri.path(), headers) } else { None }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}
