//! Who may talk to the front: programs on this machine. A web page in a browser on it may not, whichever
//! site it is from (but for one that this machine serves itself): neither across origins nor through a name that its owner lets point here (DNS rebinding).
//! Owns the refusal.

use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::{StatusCode, Uri, http};

use super::loopback;

/// Which site the page of a request is of: <https://www.w3.org/TR/fetch-metadata/>.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is refused, with the status; none where it may pass.
pub(super) fn refuses(parts: &http::request::Parts) -> Option<(StatusCode, &'static str)> {
    let text =
        |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(ORIGIN).is_some_and(|origin| loopback::check(origin).is_err()) {
        return Some((StatusCode::FORBIDDEN, "requests from web pages are refused"));
    }
    // An image or a link on a page sends no origin, and says in another way that it comes from one.
    if text(SITE).is_some_and(|site| !matches!(site, "none" | "same-origin")) {
        return Some((StatusCode::FORBIDDEN, "requests from web pages are refused"));
    }
    let named = text(HOST).or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
    match named {
        Some(host) if is_ours(host) => None,
        _ => Some((StatusCode::MISDIRECTED_REQUEST, "this endpoint has loopback names only")),
    }
}

/// `Host` of a client on this machine: an address or name of loopback, a name below `localhost` (a bucket's),
/// LocalStack's own name, or a host of AWS, which a client keeps that was pointed here by its resolver.
fn is_ours(host: &str) -> bool {
    let Ok(uri) = format!("http://{host}").parse::<Uri>() else { return false };
    let Some(name) = uri.host().filter(|_| !host.contains('@')) else { return false };
    let name = name.to_ascii_lowercase();
    let below =
        [".localhost", ".localhost.localstack.cloud", ".amazonaws.com", ".amazonaws.com.cn"];
    loopback::is_loopback(&name)
        || name == "localhost.localstack.cloud"
        || below.iter().any(|zone| name.ends_with(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> http::request::Parts {
        let request = headers
            .iter()
            .fold(http::Request::builder(), |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn programs_on_this_machine_pass() {
        for host in [
            "localhost:4566",
            "127.0.0.1:4566",
            "[::1]:4566",
            "my.bucket.localhost:4566",
            "photos.s3.localhost.localstack.cloud:4566",
            "ec2.us-east-1.amazonaws.com",
        ] {
            assert_eq!(refuses(&parts(&[("host", host)])), None, "{host}");
        }
        let own = parts(&[("host", "localhost:1"), ("origin", "http://localhost:1")]);
        assert_eq!(refuses(&own), None);
    }

    #[test]
    fn web_pages_and_names_that_point_here_do_not() {
        for host in [
            "evil.example:4566",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evilamazonaws.com",
            "",
        ] {
            assert!(refuses(&parts(&[("host", host)])).is_some(), "{host}");
        }
        assert!(refuses(&parts(&[])).is_some());
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "\u{e9}"] {
            let page = parts(&[("host", "localhost:1"), ("origin", origin)]);
            assert!(refuses(&page).is_some(), "{origin}");
        }
        for site in ["cross-site", "same-site", "?"] {
            let image = parts(&[("host", "localhost:1"), ("sec-fetch-site", site)]);
            assert!(refuses(&image).is_some(), "{site}");
        }
        let typed = parts(&[("host", "localhost:1"), ("sec-fetch-site", "none")]);
        assert_eq!(refuses(&typed), None);
    }
}
