//! Keeps calls off endpoints that are neither AWS's nor on this machine, unless that is allowed:
//! signed requests and the account's secrets would go there. Owns which hosts are which.

use std::net::IpAddr;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// DNS suffixes of AWS's partitions: <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>.
const AWS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// Refuses a request before it is signed. The check at the start sees only an endpoint for all
/// services; this one also sees `AWS_ENDPOINT_URL_EC2` and the `services` section of a profile.
#[derive(Debug)]
pub struct Guard {
    pub allow_remote: bool,
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "EndpointGuard"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        check(context.request().uri(), self.allow_remote).map_err(BoxError::from)
    }
}

/// # Errors
/// The URL has no host, or names a remote one that is not allowed; the text explains what to do.
pub fn check(url: &str, allow_remote: bool) -> Result<(), String> {
    let Some(host) = host(url) else {
        return Err(format!("endpoint `{url}` is no URL; write it as `http://127.0.0.1:4566`"));
    };
    if allow_remote || is_loopback(host) || is_aws(host) {
        return Ok(());
    }
    Err(format!(
        "endpoint `{host}` is neither AWS nor this machine; add `--allow-remote-endpoint` if requests may go there"
    ))
}

fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let authority = authority.rsplit('@').next()?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// Whether the URL names this machine.
pub fn is_local(url: &str) -> bool {
    host(url).is_some_and(is_loopback)
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_aws(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    AWS.iter().any(|suffix| host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_aws_need_no_consent() {
        for good in [
            "http://127.0.0.1:4566",
            "http://localhost:1/x",
            "http://[::1]:5000/",
            "http://ec2.localhost:4566",
            "https://ec2.us-east-1.amazonaws.com/",
            "https://ec2.eu-west-1.api.aws",
        ] {
            assert_eq!(check(good, false), Ok(()), "{good}");
        }
        for bad in [
            "http://10.0.0.1:4566",
            "https://localhost.example.com",
            "https://evilamazonaws.com",
            "http://127.0.0.1@example.com/",
            "https://example.com/?.amazonaws.com",
        ] {
            assert!(check(bad, false).is_err(), "{bad}");
            assert_eq!(check(bad, true), Ok(()), "{bad}");
        }
        assert!(check("127.0.0.1:4566", true).is_err());
    }
}
