//! Webhooks by HTTP. Owns timeouts, which answers are worth another attempt, and that no redirect is
//! followed: a notification goes where the configuration directs it, or nowhere.

use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::{Client, StatusCode, header, redirect::Policy};

use super::{
    notification::Notification,
    office::{Deliver, Refusal},
    payload,
    resolve::Address,
    sign,
};
use crate::{
    config::{Secret, is_loopback, web_url},
    text::json,
};

const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(10);

/// One webhook.
pub(crate) struct Webhook {
    client: Client,
    url: Secret,
    key: Option<Secret>,
    slack: bool,
}

impl Webhook {
    /// # Errors
    /// The address is no webhook, or no client can be made.
    pub(crate) fn new(address: &Address) -> Result<Self, String> {
        let (url, key, slack) = match address {
            Address::Slack(url) => (url, None, true),
            Address::Webhook(url, key) => (url, key.clone(), false),
            Address::Topic { .. } => return Err("a topic is no webhook".into()),
        };
        let mut client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(Policy::none())
            .user_agent(concat!("backburn/", env!("CARGO_PKG_VERSION")));
        if web_url(url.reveal()).is_ok_and(|url| is_loopback(&url)) {
            // Messages for this machine must not be visible to a proxy.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|e| format!("no HTTP client can be made: {e}"))?;
        Ok(Self { client, url: url.clone(), key, slack })
    }

    async fn send(&self, told: &Notification) -> Result<(), Refusal> {
        let body = if self.slack { payload::slack(told) } else { payload::webhook(told) };
        let body = json(&body.to_string());
        let mut request = self
            .client
            .post(self.url.reveal())
            .header(header::CONTENT_TYPE, "application/json")
            .header("Backburn-Id", &told.id);
        if let Some(key) = &self.key {
            let seconds = jiff::Timestamp::now().as_second();
            let made = sign::signature(key.reveal().as_bytes(), seconds, body.as_bytes());
            request = request.header(sign::HEADER, made);
        }
        let answer = request.body(body).send().await.map_err(|error| {
            let why = match () {
                () if error.is_timeout() => "it did not answer in time".to_owned(),
                () if error.is_connect() => "it cannot be reached".to_owned(),
                // The URL may be a secret.
                () => error.without_url().to_string(),
            };
            Refusal::again(why)
        })?;
        judge(answer.status(), answer.headers().get(header::RETRY_AFTER))
    }
}

fn judge(status: StatusCode, after: Option<&header::HeaderValue>) -> Result<(), Refusal> {
    if status.is_success() {
        return Ok(());
    }
    let why = format!("it answered {}", status.as_u16());
    let passes = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if !passes {
        return Err(Refusal::final_(why));
    }
    let after = after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    Err(Refusal { after, ..Refusal::again(why) })
}

impl Deliver for Webhook {
    fn deliver<'a>(&'a self, told: &'a Notification) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.send(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again() {
        for (status, again) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (404, false),
            (302, false),
            (400, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let refusal = judge(status, None).expect_err("no success");
            assert_eq!(refusal.again, again, "{status}");
        }
        let after = header::HeaderValue::from_static("7");
        let refusal = judge(StatusCode::TOO_MANY_REQUESTS, Some(&after)).expect_err("no success");
        assert_eq!(refusal.after, Some(Duration::from_secs(7)));
        assert!(judge(StatusCode::NO_CONTENT, None).is_ok());
    }
}
