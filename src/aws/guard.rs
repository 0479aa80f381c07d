//! Keeps calls off endpoints that are neither AWS's nor on this machine, unless that is allowed:
//! signed requests and the account's secrets would go there. Owns which hosts are which.
//!
//! A host below `amazonaws.com` need not be AWS's: instances, load balancers, APIs and buckets of any customer have one.
//! So an endpoint that somebody configured counts as AWS's only if it has the form of the service's own endpoints:
//! <https://docs.aws.amazon.com/general/latest/gr/rande.html>, and the list in botocore's `endpoints.json`.

use std::net::IpAddr;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use super::client::SERVICES;

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

/// Whose an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Aws,
    /// On this machine.
    Here,
    /// Neither; what it does with a request is unknown.
    Elsewhere,
}

/// Refuses a request before it is signed. What was configured was checked before; this one also sees where the SDK
/// itself sends a request.
#[derive(Debug)]
pub(super) struct Guard {
    pub allow_remote: bool,
    /// The endpoint that was configured for the service; none is AWS's own, by the SDK's rules.
    pub custom: Option<String>,
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
        self.passes(context.request().uri()).map_err(BoxError::from)
    }
}

impl Guard {
    fn passes(&self, url: &str) -> Result<(), String> {
        let host = host(url).map(str::to_ascii_lowercase).ok_or_else(|| no_url(url))?;
        let as_meant = match self.custom.as_deref().and_then(self::host) {
            // Its own host, or a bucket's name before it.
            Some(custom) => {
                let custom = custom.to_ascii_lowercase();
                host == custom || host.strip_suffix(&custom).is_some_and(|rest| rest.ends_with('.'))
            }
            None => below_aws(&host).is_some(),
        };
        if as_meant && is_encrypted(url) || self.allow_remote || is_loopback(&host) {
            Ok(())
        } else {
            Err(remote(&host))
        }
    }
}

/// # Errors
/// The URL has no host, or names a remote one that is not allowed; the text explains what to do.
pub(super) fn check(url: &str, service: &str, allow_remote: bool) -> Result<(), String> {
    let host = host(url).ok_or_else(|| no_url(url))?;
    match place(url, service) {
        Place::Elsewhere if allow_remote => Ok(()),
        Place::Elsewhere
            if below_aws(&host.to_ascii_lowercase()).is_some() && !is_encrypted(url) =>
        {
            Err(format!(
                "endpoint `{url}` is not encrypted: whoever is on the way reads the requests and answers in AWS's place; write it with `https://`"
            ))
        }
        Place::Elsewhere => Err(remote(host)),
        Place::Aws | Place::Here => Ok(()),
    }
}

/// Without TLS nobody knows who answers.
fn is_encrypted(url: &str) -> bool {
    url.starts_with("https://")
}

fn no_url(url: &str) -> String {
    format!("endpoint `{url}` is no URL; write it as `http://127.0.0.1:4566`")
}

fn remote(host: &str) -> String {
    format!(
        "endpoint `{host}` is neither AWS nor this machine; add `--allow-remote-endpoint` if requests may go there"
    )
}

/// Whose the endpoint of a service (`ec2`) is that was configured.
pub(super) fn place(url: &str, service: &str) -> Place {
    let Some(host) = host(url).map(str::to_ascii_lowercase) else { return Place::Elsewhere };
    if is_loopback(&host) {
        return Place::Here;
    }
    let prefix = SERVICES.iter().find(|(name, ..)| *name == service).map(|(.., prefix)| *prefix);
    match is_encrypted(url) && prefix.is_some_and(|prefix| is_service(&host, prefix)) {
        true => Place::Aws,
        false => Place::Elsewhere,
    }
}

/// The labels before one of AWS's suffixes.
fn below_aws(host: &str) -> Option<&str> {
    AWS.iter().find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))
}

/// Whether a host has the form of this service's own endpoints.
fn is_service(host: &str, prefix: &str) -> bool {
    let Some(labels) = below_aws(host) else { return false };
    let labels: Vec<_> = labels.split('.').collect();
    let own = |label: &str| {
        label.strip_suffix("-fips").unwrap_or(label) == prefix
            // S3's dashed form: s3-us-west-2.
            || prefix == "s3" && label.strip_prefix("s3-").is_some_and(is_region)
    };
    match labels[..] {
        [name] => own(name) || prefix == "sqs" && name == "queue",
        [region, "queue"] if prefix == "sqs" => is_region(region),
        [name, "dualstack", region] if prefix == "s3" => own(name) && is_region(region),
        // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AccountBasedEndpoints.html>
        [account, "ddb", region] if prefix == "dynamodb" => {
            is_account(account) && is_region(region)
        }
        [name, region] => own(name) && is_region(region),
        // An interface endpoint in a VPC: <https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html>.
        // A customer's own endpoint service has `vpce-svc-…` in place of the service.
        [id, name, region, "vpce"] => id.starts_with("vpce-") && own(name) && is_region(region),
        _ => false,
    }
}

/// `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`; global services also have `us-gov` and `global` here.
fn is_region(label: &str) -> bool {
    if ["global", "us-gov"].contains(&label) {
        return true;
    }
    let parts: Vec<_> = label.split('-').collect();
    let [first, middle @ .., last] = &parts[..] else { return false };
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    (2..=4).contains(&first.len())
        && letters(first)
        && !middle.is_empty()
        // The second of `us-isob-east-1`, but no name of a service.
        && middle.iter().all(|part| letters(part))
        && last.len() <= 2
        && !last.is_empty()
        && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_account(label: &str) -> bool {
    label.len() == 12 && label.bytes().all(|b| b.is_ascii_digit())
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
pub(super) fn is_local(url: &str) -> bool {
    host(url).is_some_and(is_loopback)
}

/// Host and port of a URL of this machine.
pub(super) fn local_socket(url: &str) -> Option<(&str, u16)> {
    let host = host(url).filter(|host| is_loopback(host))?;
    let (_, after) = url.split_once(host)?;
    let after = after.strip_prefix(']').unwrap_or(after);
    let port = match after.strip_prefix(':') {
        Some(rest) => rest.split(['/', '?', '#']).next()?.parse().ok()?,
        None if url.starts_with("https://") => 443,
        None => 80,
    };
    Some((host, port))
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_of_a_local_url() {
        for (url, socket) in [
            ("http://127.0.0.1:4566", Some(("127.0.0.1", 4566))),
            ("https://localhost/x", Some(("localhost", 443))),
            ("http://[::1]:9/", Some(("::1", 9))),
            ("http://localhost", Some(("localhost", 80))),
            ("http://127.0.0.1:x", None),
            ("http://192.0.2.1:1", None),
        ] {
            assert_eq!(local_socket(url), socket, "{url}");
        }
    }

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
            assert_eq!(check(good, "ec2", false), Ok(()), "{good}");
        }
        for bad in [
            "http://10.0.0.1:4566",
            "https://localhost.example.com",
            "https://evilamazonaws.com",
            "http://127.0.0.1@example.com/",
            "https://example.com/?.amazonaws.com",
            "http://ec2.us-east-1.amazonaws.com",
        ] {
            assert!(check(bad, "ec2", false).is_err(), "{bad}");
            assert_eq!(check(bad, "ec2", true), Ok(()), "{bad}");
        }
        assert!(check("127.0.0.1:4566", "ec2", true).is_err());
    }

    /// Hosts of the forms that the SDKs' endpoint rules and AWS's tables of endpoints have.
    #[test]
    fn the_forms_of_service_endpoints_are_aws() {
        for (service, host) in [
            ("ec2", "ec2.us-east-1.amazonaws.com"),
            ("ec2", "ec2.amazonaws.com"),
            ("ec2", "EC2-FIPS.us-gov-west-1.amazonaws.com"),
            ("ec2", "ec2.cn-north-1.amazonaws.com.cn"),
            ("ec2", "ec2.us-isob-east-1.sc2s.sgov.gov"),
            ("ec2", "ec2.eusc-de-east-1.amazonaws.eu"),
            ("ec2", "ec2.il-central-1.api.aws"),
            ("ec2", "vpce-0a1b2c3d4e5f60718-abcdefgh.ec2.us-east-1.vpce.amazonaws.com"),
            ("iam", "iam.amazonaws.com"),
            ("iam", "iam.us-gov.amazonaws.com"),
            ("iam", "iam.global.api.aws"),
            ("sts", "sts.ap-southeast-3.amazonaws.com"),
            ("cloudwatch", "monitoring.eu-west-1.amazonaws.com"),
            ("events", "events-fips.us-east-2.amazonaws.com"),
            ("s3", "s3.dualstack.eu-west-1.amazonaws.com"),
            ("s3", "s3-us-west-2.amazonaws.com"),
            ("sqs", "queue.amazonaws.com"),
            ("sqs", "eu-west-1.queue.amazonaws.com"),
            ("dynamodb", "111122223333.ddb.us-east-1.amazonaws.com"),
        ] {
            assert_eq!(place(&format!("https://{host}/"), service), Place::Aws, "{host}");
        }
    }

    #[test]
    fn hosts_of_customers_are_not_aws() {
        for host in [
            "ec2-203-0-113-25.compute-1.amazonaws.com",
            "ec2-203-0-113-25.us-west-2.compute.amazonaws.com",
            "ec2.us-east-1.elb.amazonaws.com",
            "ec2-1234567890.us-east-1.elb.amazonaws.com",
            "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "ec2.s3-website-us-east-1.amazonaws.com",
            "ec2.s3.us-east-1.amazonaws.com",
            "ec2.s3.amazonaws.com",
            "vpce-0a1b.vpce-svc-0c1d.us-east-1.vpce.amazonaws.com",
            "abcdef.lambda-url.us-east-1.on.aws",
            "search-ec2-abc.us-east-1.es.amazonaws.com",
            // Another service's own endpoint is not this service's.
            "s3.us-east-1.amazonaws.com",
            "amazonaws.com",
            "ec2.us-east-1.amazonaws.com.example.com",
        ] {
            let url = format!("https://{host}");
            assert_eq!(place(&url, "ec2"), Place::Elsewhere, "{host}");
            assert!(check(&url, "ec2", false).is_err(), "{host}");
        }
        assert_eq!(place("https://bucket.s3.us-east-1.amazonaws.com", "s3"), Place::Elsewhere);
        assert_eq!(place("https://s3-website-us-east-1.amazonaws.com", "s3"), Place::Elsewhere);
    }

    #[test]
    fn a_request_goes_where_its_service_goes() {
        let guard =
            |custom: Option<&str>| Guard { allow_remote: false, custom: custom.map(Into::into) };
        let s3 = "https://evidence.s3.eu-west-1.amazonaws.com/key";
        assert_eq!(guard(None).passes(s3), Ok(()));
        assert!(guard(None).passes("https://example.com/").is_err());
        let vpc = guard(Some("https://vpce-1.s3.eu-west-1.vpce.amazonaws.com"));
        assert_eq!(vpc.passes("https://evidence.vpce-1.s3.eu-west-1.vpce.amazonaws.com/"), Ok(()));
        assert!(vpc.passes(s3).is_err(), "not where it was configured");
        // Whoever is on the way could answer in AWS's place.
        assert!(guard(None).passes("http://ec2.us-east-1.amazonaws.com/").is_err());
        let plain = Some("http://ec2.us-east-1.amazonaws.com");
        assert!(guard(plain).passes("http://ec2.us-east-1.amazonaws.com/").is_err());
        assert_eq!(place("http://ec2.us-east-1.amazonaws.com", "ec2"), Place::Elsewhere);
        assert!(guard(Some("http://localhost:1")).passes("http://localhost:1/x").is_ok());
    }
}
