//! What a request must look like before anybody reads it: the name it was sent to, the page it came
//! from, the method. And the headers of every answer. Owns the rules against other pages in the same
//! browser; who may see the page is `secret`'s.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

/// Which names this server answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// This machine's own.
    Loopback,
    /// Any address in figures. A name is never one: by DNS rebinding it could be another page's.
    Figures,
}

impl Names {
    fn has(self, host: &str) -> bool {
        if host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let address = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => host.parse().ok().filter(IpAddr::is_ipv4),
        };
        address.is_some_and(|address| self == Self::Figures || address.is_loopback())
    }
}

/// Whether the request may proceed; otherwise the status and the reason, for whoever looks at the network tab.
///
/// # Errors
/// The status and the reason.
pub(super) fn check(
    names: Names,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    let forbidden = |why| Err((StatusCode::FORBIDDEN, why));
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let (Some(host), None, None) = (host, hosts.next(), uri.authority()) else {
        return Err((StatusCode::BAD_REQUEST, "one Host header is wanted"));
    };
    // The port may be another one: `ssh -L` brings the page to one of its own.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    if !names.has(name) {
        return Err((StatusCode::MISDIRECTED_REQUEST, "this server does not have that name"));
    }
    let changes = match *method {
        Method::GET => false,
        Method::POST => true,
        _ => return Err((StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are known here")),
    };
    let own = format!("http://{host}");
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if changes && origins.peek().is_none() {
        return forbidden("a request that changes something must name its origin");
    }
    if origins.any(|origin| origin.as_bytes() != own.as_bytes()) {
        return forbidden("it came from another origin");
    }
    // Older browsers and other clients do not send it.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match (site, changes) {
        (None | Some(b"same-origin"), _) | (Some(b"none"), false) => Ok(()),
        _ => forbidden("it came from another page; paste the link into the address bar instead"),
    }
}

/// Sets what every answer has, refusals too.
pub(super) fn protect(headers: &mut HeaderMap, policy: &HeaderValue) {
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(names: Names, method: Method, given: &[(&'static str, &str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        match check(names, &method, &Uri::from_static("/"), &headers) {
            Ok(()) => 200,
            Err((status, _)) => status.as_u16(),
        }
    }

    #[test]
    fn only_its_own_names_are_answered() {
        let get = |names, host: &str| status(names, Method::GET, &[("host", host)]);
        for host in ["127.0.0.1:8080", "localhost:9", "LOCALHOST", "[::1]:8080", "127.0.0.1"] {
            assert_eq!(get(Names::Loopback, host), 200, "{host}");
        }
        let foreign = ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.1:80"];
        for host in foreign.iter().chain(&["", "localhost.evil.example", "0x7f.1", "::1", "[::1"]) {
            assert_eq!(get(Names::Loopback, host), 421, "{host}");
        }
        assert_eq!(get(Names::Figures, "192.0.2.1:80"), 200);
        assert_eq!(get(Names::Figures, "evil.example"), 421);
        assert_eq!(status(Names::Loopback, Method::GET, &[]), 400);
        let two = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(status(Names::Loopback, Method::GET, &two), 400);
    }

    #[test]
    fn other_pages_get_nothing() {
        let own = ("host", "127.0.0.1:1");
        let ask = |method: Method, more: &[(&'static str, &str)]| {
            status(Names::Loopback, method, &[&[own], more].concat())
        };
        let origin = ("origin", "http://127.0.0.1:1");
        assert_eq!(ask(Method::POST, &[origin]), 200);
        assert_eq!(ask(Method::POST, &[origin, ("sec-fetch-site", "same-origin")]), 200);
        assert_eq!(ask(Method::POST, &[]), 403);
        for other in ["http://127.0.0.1:2", "https://127.0.0.1:1", "null", "http://evil.example"] {
            assert_eq!(ask(Method::POST, &[("origin", other)]), 403, "{other}");
            assert_eq!(ask(Method::GET, &[("origin", other)]), 403, "{other}");
            assert_eq!(ask(Method::POST, &[origin, ("origin", other)]), 403, "{other}");
        }
        for site in ["cross-site", "same-site", "none", "x"] {
            assert_eq!(ask(Method::POST, &[origin, ("sec-fetch-site", site)]), 403, "{site}");
        }
        for (site, wanted) in [("cross-site", 403), ("same-site", 403), ("none", 200)] {
            assert_eq!(ask(Method::GET, &[("sec-fetch-site", site)]), wanted, "{site}");
        }
        for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE] {
            assert_eq!(ask(method, &[]), 405);
        }
    }
}
