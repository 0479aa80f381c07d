//! A stand-in's look at what the upstream itself answers to a call.

use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;

use super::upstream::error_of;
use super::wire::Protocol;
use super::{Answer, AwsError, Call, Front, body, handle};

impl Front {
    /// What the upstream answers to a call. Its own answer below 400 is [`Answer::Raw`].
    pub async fn forward(&self, call: &Call) -> Answer {
        let mut request = Request::new(body::full(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.headers_mut() = call.headers.clone();
        let path = if call.raw_query.is_empty() {
            call.path.clone()
        } else {
            format!("{}?{}", call.path, call.raw_query)
        };
        match path.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return AwsError::validation("the request's path is no path").into(),
        }
        let (parts, body) = request.into_parts();
        match self.upstream().send(Request::from_parts(handle::onward(parts), body)).await {
            Ok(answer) => {
                let (answer, whole) =
                    handle::whole(self, handle::passed(answer.map(body::streamed))).await;
                let Some(body) = whole else {
                    return AwsError::internal("the upstream's answer is too long").into();
                };
                let (status, mut headers) = (answer.status(), answer.headers().clone());
                headers.remove("transfer-encoding");
                if headers.get(CONTENT_TYPE).is_none() && status.as_u16() >= 400 {
                    return error_of(status.as_u16(), &headers, &body).into();
                }
                Answer::Raw { status, headers, body }
            }
            Err(down) => handle::unavailable(&down).into(),
        }
    }

    /// The upstream's output members to a call of a JSON service.
    pub async fn forward_json(&self, call: &Call) -> Result<Value, AwsError> {
        debug_assert!(!matches!(
            call.protocol,
            Protocol::Ec2 | Protocol::Query | Protocol::RestXml
        ));
        match self.forward(call).await {
            Answer::Raw { status, headers, body } if status.as_u16() >= 400 => {
                Err(error_of(status.as_u16(), &headers, &body))
            }
            Answer::Raw { body, .. } if body.is_empty() => Ok(Value::Null),
            Answer::Raw { body, .. } => serde_json::from_slice(&body)
                .map_err(|_| AwsError::internal("the upstream's answer is no JSON")),
            Answer::Value { value, .. } => Ok(value),
            Answer::Error(error) => Err(error),
        }
    }
}
