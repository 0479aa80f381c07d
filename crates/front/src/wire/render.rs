//! Answers and errors as bytes in the caller's protocol, each with the headers AWS gives it.

use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::{Protocol, cbor, escape, time, xml};
use crate::{Answer, AwsError};

/// An answer ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: bytes::Bytes,
}

/// `operation` names the root element of XML; `service` its namespace.
pub(crate) fn render(
    answer: Answer,
    protocol: Protocol,
    service: &str,
    operation: &str,
    request_id: &str,
) -> Bytes {
    let shape = Shape { protocol, service, operation, request_id };
    match answer {
        Answer::Value { status, value } => shape.value(status, value),
        Answer::Error(error) => shape.error(&error),
        Answer::Raw { status, headers, body } => Bytes { status, headers, body },
    }
}

struct Shape<'a> {
    protocol: Protocol,
    service: &'a str,
    operation: &'a str,
    request_id: &'a str,
}

impl Shape<'_> {
    fn value(&self, status: u16, value: Value) -> Bytes {
        let body = match self.protocol {
            Protocol::Ec2 => {
                let mut members = Map::from_iter([("requestId".into(), self.request_id.into())]);
                members.extend(object(value));
                self.xml(&format!("{}Response", self.operation), &members.into(), "item")
            }
            Protocol::Query => {
                let result = format!("{}Result", self.operation);
                let metadata = serde_json::json!({ "RequestId": self.request_id });
                let whole = serde_json::json!({ result: value, "ResponseMetadata": metadata });
                self.xml(&format!("{}Response", self.operation), &whole, "member")
            }
            Protocol::RestXml => self.xml(&format!("{}Result", self.operation), &value, "member"),
            Protocol::Cbor => cbor::encode(&value),
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
                time::as_seconds(value).to_string().into_bytes()
            }
        };
        self.bytes(status, body)
    }

    fn xml(&self, root: &str, value: &Value, list: &str) -> Vec<u8> {
        let mut inner = String::new();
        xml::write(&mut inner, root, value, list);
        let plain = format!("<{root}>");
        let marked = format!("<{root} xmlns=\"{}\">", namespace(self.service));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            inner.replacen(&plain, &marked, 1)
        )
        .into_bytes()
    }

    fn error(&self, error: &AwsError) -> Bytes {
        let (code, message) = (escape(&error.code), escape(&error.message));
        let id = self.request_id;
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        let body = match self.protocol {
            Protocol::Ec2 => format!(
                "{declaration}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>"
            )
            .into_bytes(),
            Protocol::Query => {
                let fault = if error.status >= 500 { "Receiver" } else { "Sender" };
                let space = namespace(self.service);
                format!(
                    "<ErrorResponse xmlns=\"{space}\"><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
                )
                .into_bytes()
            }
            Protocol::RestXml if self.service == "s3" => format!(
                "{declaration}<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId><HostId>{id}</HostId></Error>"
            )
            .into_bytes(),
            Protocol::RestXml => format!(
                "{declaration}<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            )
            .into_bytes(),
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson | Protocol::Cbor => {
                let mut members = Map::new();
                if self.protocol != Protocol::RestJson {
                    members.insert("__type".into(), error.code.clone().into());
                }
                members.insert("message".into(), error.message.clone().into());
                members.extend(error.fields.clone());
                if self.protocol == Protocol::Cbor {
                    cbor::encode(&members.into())
                } else {
                    time::as_seconds(members.into()).to_string().into_bytes()
                }
            }
        };
        let mut bytes = self.bytes(error.status, body);
        if self.protocol == Protocol::RestJson {
            put(&mut bytes.headers, "x-amzn-errortype", &error.code);
        }
        if self.protocol == Protocol::Cbor {
            let fault = if error.status >= 500 { "Receiver" } else { "Sender" };
            // Code and fault as the query protocol has them, for clients that moved from it.
            let compatible = format!("{};{fault}", error.code);
            put(&mut bytes.headers, "x-amzn-query-error", &compatible);
        }
        bytes
    }

    fn bytes(&self, status: u16, body: Vec<u8>) -> Bytes {
        let mut headers = HeaderMap::new();
        let (id, kind) = match self.protocol {
            Protocol::Ec2 => ("x-amzn-requestid", "text/xml;charset=UTF-8"),
            Protocol::Query => ("x-amzn-requestid", "text/xml"),
            Protocol::RestXml if self.service == "s3" => ("x-amz-request-id", "application/xml"),
            Protocol::RestXml => ("x-amzn-requestid", "text/xml"),
            Protocol::Json10 => ("x-amzn-requestid", "application/x-amz-json-1.0"),
            Protocol::Json11 => ("x-amzn-requestid", "application/x-amz-json-1.1"),
            Protocol::RestJson => ("x-amzn-requestid", "application/json"),
            Protocol::Cbor => {
                put(&mut headers, "smithy-protocol", "rpc-v2-cbor");
                ("x-amzn-requestid", "application/cbor")
            }
        };
        put(&mut headers, id, self.request_id);
        put(&mut headers, CONTENT_TYPE.as_str(), kind);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        put(&mut headers, "date", &date);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Bytes { status, headers, body: body.into() }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Text that no header can carry is left out.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// The XML namespace of a service's answers; clients do not check it.
fn namespace(service: &str) -> &'static str {
    match service {
        "ec2" => "http://ec2.amazonaws.com/doc/2016-11-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        "monitoring" => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        "rds" => "http://rds.amazonaws.com/doc/2014-10-31/",
        "sns" => "http://sns.amazonaws.com/doc/2010-03-31/",
        "sqs" => "http://queue.amazonaws.com/doc/2012-11-05/",
        "autoscaling" => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        "s3" => "http://s3.amazonaws.com/doc/2006-03-01/",
        _ => "http://webservices.amazon.com/AWSFault/2005-15-09",
    }
}
