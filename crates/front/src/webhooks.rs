//! Where the lab delivers by HTTP. A subscription makes the upstream send requests to any address that its
//! caller names, the servers of this machine among them. Owns what is allowed: ports of loopback that the
//! user of the lab named.

use hyper::Uri;

use super::{AwsError, Call, loopback};

/// The refusal of a subscription of an HTTP endpoint that nobody named.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
pub(super) fn refuses(call: &Call, ports: &[u16]) -> Option<AwsError> {
    if !is_subscription(&call.service, &call.operation) {
        return None;
    }
    if call.service == "firehose" {
        let urls = FIREHOSE.iter().filter_map(|key| {
            let to = call.params.get(*key)?;
            Some(to["EndpointConfiguration"]["Url"].as_str().unwrap_or_default())
        });
        return urls.into_iter().any(|url| !is_named(url, ports)).then(refusal);
    }
    // What the front and the upstream could read differently is refused, too.
    let protocol = call.params["Protocol"].as_str().filter(|_| is_once(call, "Protocol"));
    let endpoint = call.params["Endpoint"].as_str().filter(|_| is_once(call, "Endpoint"));
    let passes = match protocol.map(str::to_ascii_lowercase).as_deref() {
        Some("http" | "https") => endpoint.is_some_and(|endpoint| is_named(endpoint, ports)),
        Some(other) => OTHERS.contains(&other),
        None => false,
    };
    if passes {
        return None;
    }
    Some(refusal())
}

fn refusal() -> AwsError {
    let message = "the lab delivers by HTTP only to ports of this machine that were named when it was started: \
                   `backburn lab up --deliver-to PORT`";
    AwsError::new(400, "InvalidParameter", message)
}

/// Whether a call could lead to requests to a URL.
pub(super) fn is_subscription(service: &str, operation: &str) -> bool {
    matches!(
        (service, operation),
        ("sns", "Subscribe") | ("firehose", "CreateDeliveryStream" | "UpdateDestination")
    )
}

/// Where a delivery stream has a URL:
/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html>
const FIREHOSE: [&str; 2] =
    ["HttpEndpointDestinationConfiguration", "HttpEndpointDestinationUpdate"];

/// Protocols that do not lead to a URL.
const OTHERS: [&str; 7] =
    ["application", "email", "email-json", "firehose", "lambda", "sms", "sqs"];

/// Whether a parameter is in the form once, and nothing below its name.
fn is_once(call: &Call, name: &str) -> bool {
    let named = |(key, _): &(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    let body = form_urlencoded::parse(&call.body).filter(named).count();
    let query = form_urlencoded::parse(call.raw_query.as_bytes()).filter(named).count();
    body + query == 1
}

fn is_named(endpoint: &str, ports: &[u16]) -> bool {
    let Ok(uri) = endpoint.parse::<Uri>() else { return false };
    let port = uri.port_u16();
    uri.host().is_some_and(loopback::is_loopback)
        && !endpoint.contains('@')
        && port.is_some_and(|port| ports.contains(&port))
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn only_named_ports_of_this_machine() {
        assert!(is_named("http://127.0.0.1:8080/hook", &[8080]));
        assert!(is_named("http://localhost:8080", &[1, 8080]));
        for bad in [
            "http://127.0.0.1:8081/hook",
            "http://127.0.0.1/hook",
            "http://192.168.1.1:8080",
            "http://evil.example:8080",
            "http://u@127.0.0.1:8080",
            "127.0.0.1",
            "",
        ] {
            assert!(!is_named(bad, &[8080]), "{bad}");
        }
    }
}
