//! Plain HTTP to the lab's own endpoint: is it there, reset it, whose account is it. Not an AWS client.

use std::time::Duration;

use super::{LabError, loopback};

/// Status and body of one request. Statuses of 400 and above are answers too.
///
/// # Errors
/// [`LabError::NotLoopback`] before anything is sent, [`LabError::NoAnswer`] when nothing comes back.
pub(super) async fn send(
    base: &str,
    path: &str,
    body: Option<&str>,
    headers: &[(&str, &str)],
) -> Result<(u16, String), LabError> {
    let base = loopback::check(base)?;
    let url = format!("{base}{path}");
    let body = body.map(str::to_owned);
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let answer = tokio::task::spawn_blocking(move || blocking(&url, body, &headers)).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(LabError::NoAnswer { url: base, why: error.to_string() }),
        Err(error) => Err(LabError::NoAnswer { url: base, why: error.to_string() }),
    }
}

/// A request that takes something away.
pub(super) async fn delete(base: &str, path: &str) -> Result<u16, LabError> {
    let base = loopback::check(base)?;
    let url = format!("{base}{path}");
    let answer =
        tokio::task::spawn_blocking(move || agent().delete(url).call().map(|a| a.status())).await;
    match answer {
        Ok(Ok(status)) => Ok(status.as_u16()),
        Ok(Err(error)) => Err(LabError::NoAnswer { url: base, why: error.to_string() }),
        Err(error) => Err(LabError::NoAnswer { url: base, why: error.to_string() }),
    }
}

/// A proxy or a redirect would lead off this machine.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .timeout_connect(Some(Duration::from_secs(2)))
        .build()
        .into()
}

fn blocking(
    url: &str,
    body: Option<String>,
    headers: &[(String, String)],
) -> Result<(u16, String), ureq::Error> {
    let agent = agent();
    let mut answer = match body {
        Some(body) => {
            let request =
                headers.iter().fold(agent.post(url), |r, (name, value)| r.header(name, value));
            request.send(body)?
        }
        None => {
            headers.iter().fold(agent.get(url), |r, (name, value)| r.header(name, value)).call()?
        }
    };
    Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
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
