//! Plain HTTP to the lab's own endpoint: is it there, reset it, whose account is it. Not an AWS client.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use super::{LabError, front};

/// For an answer, to its last byte.
const PATIENCE: Duration = Duration::from_secs(30);
const TO_CONNECT: Duration = Duration::from_secs(2);

/// Status and body of one request: a POST where there is a body, else a GET. Statuses of 400 and above are answers too.
///
/// # Errors
/// [`LabError::NotLoopback`] before anything is sent, [`LabError::NoAnswer`] when nothing comes back.
pub(super) async fn send(
    base: &str,
    path: &str,
    body: Option<&str>,
    headers: &[(&str, &str)],
) -> Result<(u16, String), LabError> {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    request(method, base, path, body.unwrap_or_default(), headers).await
}

/// A request that takes something away.
pub(super) async fn delete(base: &str, path: &str) -> Result<u16, LabError> {
    Ok(request(Method::DELETE, base, path, "", &[]).await?.0)
}

/// By a client that knows no proxy and follows no redirect: either would lead off this machine.
async fn request(
    method: Method,
    base: &str,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Result<(u16, String), LabError> {
    let base = front::check_loopback(base)?;
    let request = Request::builder().method(method).uri(format!("{base}{path}"));
    let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
    let answered = async {
        let request =
            request.body(Full::new(Bytes::from(body.to_owned()))).map_err(|e| root(&e))?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(TO_CONNECT));
        // One for each request: a connection that is kept would end with the runtime that made it.
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let answer = client.request(request).await.map_err(|e| root(&e))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|e| root(&e))?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    let answer = tokio::time::timeout(PATIENCE, answered).await;
    let too_late = || Err(format!("no answer within {} s", PATIENCE.as_secs()));
    answer.unwrap_or_else(|_| too_late()).map_err(|why| LabError::NoAnswer { url: base, why })
}

/// What caused an error at last: a refused connection, not "client error".
fn root(error: &dyn Error) -> String {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

/// The account that `access_key_id` belongs to on the endpoint.
pub(super) async fn account(
    endpoint: &str,
    access_key_id: &str,
    region: &str,
) -> Result<String, LabError> {
    // Local endpoints read the scope of a signature and never check it; signing would need the SDKs.
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/20200101/{region}/sts/aws4_request, SignedHeaders=host, Signature=0"
    );
    let (status, body) = send(
        endpoint,
        "/",
        Some("Action=GetCallerIdentity&Version=2011-06-15"),
        &[("authorization", &signature), ("content-type", "application/x-www-form-urlencoded")],
    )
    .await?;
    between(&body, "<Account>", "</Account>").map(str::to_owned).ok_or_else(|| LabError::NoAnswer {
        url: endpoint.into(),
        why: format!("GetCallerIdentity was answered with status {status} and no account"),
    })
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = text.split_once(open)?.1;
    Some(rest.split_once(close)?.0)
}
