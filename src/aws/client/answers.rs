//! Whether anything answers at an endpoint on this machine: asked before a Region and credentials are looked for, since
//! looking for them takes long and blames them where the endpoint is not running. Sends nothing.

use std::{io, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use crate::aws::guard;

use super::ConnectOptions;

/// A connection on this machine is refused at once; what takes longer is left to the call itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// The endpoint on this machine that the options or the environment name for all services, if nothing answers there.
pub(super) async fn silent(options: &ConnectOptions) -> Option<String> {
    let url = options.endpoint_url.clone().or_else(|| {
        // What says more than the variable may name another endpoint: then only the configuration tells.
        let says_more = ["AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];
        let is_all = options.profile.is_none()
            && says_more.iter().all(|one| std::env::var_os(one).is_none());
        std::env::var("AWS_ENDPOINT_URL").ok().filter(|_| is_all)
    })?;
    is_silent(&url).await.then_some(url)
}

/// Whether a URL is on this machine and nothing takes connections there.
pub(super) async fn is_silent(url: &str) -> bool {
    let Some((host, port)) = guard::local_socket(url) else { return false };
    let connected = timeout(PATIENCE, TcpStream::connect((host, port))).await;
    matches!(connected, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_is_silent_only_where_nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        assert!(!is_silent(&url).await);
        drop(listener);
        assert!(is_silent(&url).await);
        // Nothing is asked of other machines.
        assert!(!is_silent("http://192.0.2.1:1").await);
        assert!(!is_silent("no url").await);
    }
}
