//! The lab's fence: no URL leaves it that is not on this machine. Owns the check, sends nothing.

use std::net::IpAddr;

use hyper::Uri;

use super::NotLoopback;

/// `url` without a trailing slash when it is plain HTTP to a loopback address.
///
/// Names other than `localhost` are refused even where they resolve to 127.0.0.1: what a resolver answers can change.
///
/// # Errors
/// Everything else, with the reason.
pub fn check(url: &str) -> Result<String, NotLoopback> {
    let refuse = |why: &str| NotLoopback { url: url.into(), why: why.into() };
    let uri: Uri = url.parse().map_err(|_| refuse("it is no URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(refuse("only http is spoken on loopback"));
    }
    if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
        return Err(refuse("it carries a user name"));
    }
    if uri.path_and_query().is_some_and(|p| !matches!(p.as_str(), "" | "/")) {
        return Err(refuse("an endpoint has no path"));
    }
    let host = uri.host().ok_or_else(|| refuse("it names no host"))?;
    if is_loopback(host) {
        Ok(url.trim_end_matches('/').into())
    } else {
        Err(refuse("it is another machine"))
    }
}

/// Whether a host is this machine by itself, without a resolver.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_this_machine_passes() {
        for good in
            ["http://127.0.0.1:4566", "http://localhost:1/", "http://[::1]:9", "http://127.9.9.9:1"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "http://127.0.0.1@example.com:80",
            "http://127.0.0.1:1@example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.localstack.cloud:4566",
            "http://10.0.0.1:4566",
            "http://0.0.0.0:4566",
            "http://169.254.169.254",
            "http://[::ffff:10.0.0.1]:1",
            "http://2130706433:1",
            "https://127.0.0.1:1",
            "http://127.0.0.1:1/path",
            "127.0.0.1:4566",
            "ftp://127.0.0.1",
            "moto2",
            "",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
