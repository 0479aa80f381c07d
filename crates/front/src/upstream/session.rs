//! Calls that a stand-in makes upon the upstream account: small, unsigned in fact, signed in form.

use std::net::Ipv4Addr;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{HeaderMap, Method, Request};
use serde_json::Value;

use super::error_of;
use crate::body::{self, Peeked};
use crate::observe::{self, Acting, Outcome};
use crate::wire::{self, Protocol, Xml};
use crate::{Answer, AwsError, Call, Front, Scope, ids};

const AGENT: &str = "backburn-lab-front";
/// Longest answer that a stand-in gets.
const LIMIT: usize = 64 << 20;
/// For an upstream that works on a call.
const PATIENCE: Duration = Duration::from_mins(2);

/// Calls of one account and Region, made with one access key.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) front: Front,
    pub(crate) access_key: String,
    pub(crate) scope: Scope,
    pub(crate) acting: Option<Acting>,
}

/// Status, headers and body of an answer below 400.
struct Raw {
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Session {
    /// With exactly this key, whatever the upstream takes.
    pub(crate) fn raw(front: &Front, access_key: &str, scope: Scope) -> Self {
        Self { front: front.clone(), access_key: access_key.to_owned(), scope, acting: None }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Where the upstream answers; the base of queue URLs.
    pub(crate) fn endpoint(&self) -> &str {
        self.front.upstream().endpoint()
    }

    /// The same account in another Region.
    #[must_use]
    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self { scope: Scope::new(&self.scope.account, region), ..self.clone() }
    }

    /// The same, but CloudTrail will show its calls as made by a service under a role:
    /// `invokedBy: fis.amazonaws.com`. Without this, CloudTrail shows nothing of them.
    #[must_use]
    pub(crate) fn on_behalf_of(&self, service: &str, role_arn: &str, session_name: &str) -> Self {
        let acting = Acting {
            service: service.into(),
            role_arn: role_arn.into(),
            session_name: session_name.into(),
        };
        Self { acting: Some(acting), ..self.clone() }
    }

    /// The same without a trace in CloudTrail.
    #[must_use]
    pub(crate) fn quietly(&self) -> Self {
        Self { acting: None, ..self.clone() }
    }

    /// A call of a query service: `query("ec2", "StopInstances", json!({"InstanceId": ["i-1"]}))`.
    ///
    /// Names are those on the wire (EC2: `InstanceId`, `Filter`, `Value`, `TagSpecification`).
    pub(crate) async fn query(
        &self,
        service: &str,
        action: &str,
        params: Value,
    ) -> Result<Xml, AwsError> {
        let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
        let form = form(service, action, &params);
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let request = self.request(service, Method::POST, "/", kind, None, form.into())?;
        let raw = self.send(request, service, action, protocol, params).await?;
        Xml::parse(&String::from_utf8_lossy(&raw.body)).ok_or_else(|| unreadable(service, action))
    }

    /// A call of a JSON service: `json("ssm", "AmazonSSM.SendCommand", json!({..}))`.
    pub(crate) async fn json(
        &self,
        service: &str,
        target: &str,
        params: Value,
    ) -> Result<Value, AwsError> {
        let is_10 = matches!(service, "dynamodb" | "sqs" | "states" | "monitoring");
        let (protocol, kind) = if is_10 {
            (Protocol::Json10, "application/x-amz-json-1.0")
        } else {
            (Protocol::Json11, "application/x-amz-json-1.1")
        };
        let operation = target.rsplit('.').next().unwrap_or(target);
        let text = params.to_string().into();
        let request = self.request(service, Method::POST, "/", kind, Some(target), text)?;
        let raw = self.send(request, service, operation, protocol, params).await?;
        read_json(&raw.body).ok_or_else(|| unreadable(service, operation))
    }

    /// The same, but a stand-in of this front answers where one wants the operation, as it does for clients: one
    /// stand-in's way to another. Never from the stand-in of that operation itself.
    pub(crate) async fn json_or_stand_in(
        &self,
        service: &str,
        target: &str,
        params: Value,
    ) -> Result<Value, AwsError> {
        let operation = target.rsplit('.').next().unwrap_or(target);
        let call = self.call(service, operation, Protocol::Json11, params.clone()).await;
        for stand_in in self.front.stand_ins_of(service, operation) {
            let Some(answer) = stand_in.answer(&call, &self.front).await else { continue };
            let bytes = wire::render(answer.clone(), call.protocol, service, operation, &call.id);
            let outcome = Outcome {
                status: bytes.status.as_u16(),
                headers: &bytes.headers,
                body: Some(&bytes.body),
            };
            observe::own_call(&self.front, &call, &outcome, self.acting.as_ref());
            return match answer {
                Answer::Value { value, .. } => Ok(value),
                Answer::Error(error) => Err(error),
                Answer::Raw { body, .. } => {
                    read_json(&body).ok_or_else(|| unreadable(service, operation))
                }
            };
        }
        self.json(service, target, params).await
    }

    /// A call of a REST-JSON service: `rest("backup", "CreateBackupVault", Method::PUT, "/backup-vaults/x", json)`.
    /// Path and query are already percent-encoded.
    #[cfg(test)]
    pub(crate) async fn rest(
        &self,
        service: &str,
        operation: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, AwsError> {
        let text = if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() };
        let request = self.request(service, method, path, "application/json", None, text)?;
        let raw = self.send(request, service, operation, Protocol::RestJson, body).await?;
        read_json(&raw.body).ok_or_else(|| unreadable(service, operation))
    }

    /// A call with a body and an answer of bytes: S3.
    pub(crate) async fn bytes(
        &self,
        service: &str,
        operation: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: bytes::Bytes,
    ) -> Result<bytes::Bytes, AwsError> {
        let kind = "application/octet-stream";
        let request = self.request(service, method, path, kind, None, body)?;
        let request = with_headers(request, headers)?;
        let protocol = if service == "s3" { Protocol::RestXml } else { Protocol::RestJson };
        Ok(self.send(request, service, operation, protocol, Value::Null).await?.body)
    }

    /// The headers of the answer to a HEAD request of S3.
    pub(crate) async fn head(
        &self,
        service: &str,
        operation: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<HeaderMap, AwsError> {
        let none = bytes::Bytes::new();
        let request =
            self.request(service, Method::HEAD, path, "application/octet-stream", None, none)?;
        let request = with_headers(request, headers)?;
        Ok(self.send(request, service, operation, Protocol::RestXml, Value::Null).await?.headers)
    }

    fn request(
        &self,
        service: &str,
        method: Method,
        path: &str,
        kind: &str,
        target: Option<&str>,
        body: bytes::Bytes,
    ) -> Result<Request<bytes::Bytes>, AwsError> {
        let date = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
        let (key, region) = (&self.access_key, &self.scope.region);
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={key}/{date}/{region}/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
        );
        let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.front.upstream().authority())
            .header(AUTHORIZATION, signature)
            .header(USER_AGENT, AGENT)
            .header("x-amz-date", stamp)
            .header(CONTENT_TYPE, kind);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        request.body(body).map_err(|error| AwsError::internal(error.to_string()))
    }

    /// A call as CloudTrail and stand-ins see it.
    async fn call(
        &self,
        service: &str,
        operation: &str,
        protocol: Protocol,
        params: Value,
    ) -> Call {
        let agent = self.acting.as_ref().map_or(AGENT, |acting| &acting.service);
        Call {
            id: ids::uuid(),
            service: service.into(),
            operation: operation.into(),
            protocol,
            scope: self.scope.clone(),
            identity: self.front.identity(&self.access_key, &self.scope.region).await,
            source: Ipv4Addr::LOCALHOST.into(),
            user_agent: agent.into(),
            received: jiff::Timestamp::now(),
            method: Method::POST,
            path: "/".into(),
            raw_query: String::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            params,
        }
    }

    async fn send(
        &self,
        request: Request<bytes::Bytes>,
        service: &str,
        operation: &str,
        protocol: Protocol,
        params: Value,
    ) -> Result<Raw, AwsError> {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let answer = self.front.upstream().send(request.map(body::full)).await;
        let answer =
            answer.map_err(|down| AwsError::new(503, "ServiceUnavailable", down.to_string()))?;
        let (head, incoming) = answer.into_parts();
        let peeked = body::Budget::new(PATIENCE).peek(body::streamed(incoming), LIMIT).await;
        let Peeked::Whole(body, _held) = peeked else {
            return Err(AwsError::new(
                503,
                "ServiceUnavailable",
                "the upstream's answer broke off",
            ));
        };
        let status = head.status.as_u16();
        self.front.changed(&self.scope.account, service, operation);
        if observe::is_seen(service, operation, self.acting.as_ref()) {
            let call =
                Call { method, path, ..self.call(service, operation, protocol, params).await };
            let outcome = Outcome { status, headers: &head.headers, body: Some(&body) };
            observe::own_call(&self.front, &call, &outcome, self.acting.as_ref());
        }
        if status >= 400 {
            Err(error_of(status, &head.headers, &body))
        } else {
            Ok(Raw { headers: head.headers, body })
        }
    }
}

fn with_headers(
    mut request: Request<bytes::Bytes>,
    headers: &[(&str, &str)],
) -> Result<Request<bytes::Bytes>, AwsError> {
    for (name, value) in headers {
        let name = hyper::header::HeaderName::try_from(*name);
        let (Ok(name), Ok(value)) = (name, value.parse()) else {
            return Err(AwsError::internal("a header that no request can carry"));
        };
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// The body of a call of a query service.
pub(crate) fn form(service: &str, action: &str, params: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", version(service));
    form.extend_pairs(wire::flatten(params, service == "ec2")).finish()
}

fn read_json(body: &[u8]) -> Option<Value> {
    if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() }
}

fn unreadable(service: &str, operation: &str) -> AwsError {
    AwsError::internal(format!("the upstream's answer to {service}:{operation} cannot be read"))
}

/// API versions: some endpoints distinguish services of one signing name by them.
fn version(service: &str) -> &'static str {
    match service {
        "ec2" => "2016-11-15",
        "iam" => "2010-05-08",
        "sts" => "2011-06-15",
        "rds" => "2014-10-31",
        "sns" => "2010-03-31",
        "sqs" => "2012-11-05",
        "autoscaling" => "2011-01-01",
        "monitoring" => "2010-08-01",
        "elasticloadbalancing" => "2015-12-01",
        "cloudformation" => "2010-05-15",
        "elasticache" => "2015-02-02",
        _ => "",
    }
}
