//! Where the calls of each service go: to AWS, to this machine, or elsewhere. Owns how that is found out, by the
//! SDK's own code, and how it is told; which host is which is `guard`'s.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>: an endpoint comes from
//! `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the `services` section of a profile, or its `endpoint_url`.

use std::{collections::BTreeMap, sync::Arc};

use aws_config::{SdkConfig, profile::ProfileSet};
use aws_runtime::env_config::EnvConfigValue;
use aws_types::{os_shim_internal::Env, service_config::ServiceConfigKey};

use indexmap::IndexMap;

use crate::aws::guard::{self, Place};

/// Permission prefix, service id (<https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>), and the
/// first part of its host names (<https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html>).
pub(in crate::aws) const SERVICES: &[(&str, &str, &str)] = &[
    ("backup", "Backup", "backup"),
    ("cloudtrail", "CloudTrail", "cloudtrail"),
    ("cloudwatch", "CloudWatch", "monitoring"),
    ("dynamodb", "DynamoDB", "dynamodb"),
    ("ebs", "EBS", "ebs"),
    ("ec2", "EC2", "ec2"),
    ("events", "EventBridge", "events"),
    ("fis", "fis", "fis"),
    ("guardduty", "GuardDuty", "guardduty"),
    ("iam", "IAM", "iam"),
    ("lambda", "Lambda", "lambda"),
    ("s3", "S3", "s3"),
    ("sns", "SNS", "sns"),
    ("sqs", "SQS", "sqs"),
    ("ssm", "SSM", "ssm"),
    ("sts", "STS", "sts"),
];

/// The endpoint of each service that has one of its own; the others are AWS's.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(Arc<BTreeMap<&'static str, String>>);

impl Endpoints {
    /// As the SDK resolves them, with one difference: what `profile`, which was asked for by name on the command line, says
    /// goes before the environment, as it does for its Region and keys. The SDK has the environment first:
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
    pub fn of(config: &SdkConfig, profile: Option<&ProfileSet>) -> Self {
        let given = config.get_origin("endpoint_url").is_client_config();
        let ignored = profile.is_some_and(|set| {
            let value = EnvConfigValue::new()
                .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                .profile("ignore_configured_endpoint_urls");
            value
                .load(&Env::real(), Some(set))
                .is_some_and(|(on, _)| on.eq_ignore_ascii_case("true"))
        });
        let of = |id: &str| {
            let all = config.endpoint_url().map(str::to_owned);
            if given {
                return all;
            }
            let none = Env::from_slice(&[]);
            let own = profile.filter(|_| !ignored).and_then(|set| {
                let value = EnvConfigValue::new().profile("endpoint_url").service_id(id);
                value.load(&none, Some(set)).map(|(url, _)| url.into_owned())
            });
            own.or_else(|| {
                let key = ServiceConfigKey::builder()
                    .service_id(id)
                    .env("AWS_ENDPOINT_URL")
                    .profile("endpoint_url")
                    .build();
                config.service_config()?.load_config(key.ok()?)
            })
            .or(all)
        };
        let found = SERVICES.iter().filter_map(|(name, id, _)| Some((*name, of(id)?)));
        Self(Arc::new(found.collect()))
    }

    /// The endpoint of a service, by the prefix of its permissions; none is AWS's own.
    pub fn url(&self, service: &str) -> Option<&str> {
        self.0.get(service).map(String::as_str)
    }

    /// Whether this program calls a service by itself, and not only needs permissions there (`kms`).
    pub fn knows(service: &str) -> bool {
        SERVICES.iter().any(|(name, ..)| *name == service)
    }

    /// Where the calls of a service go.
    pub fn place(&self, service: &str) -> Place {
        Self::place_of(self.url(service), service)
    }

    /// Where the calls of a service go whose endpoint is this one.
    pub fn place_of(url: Option<&str>, service: &str) -> Place {
        url.map_or(Place::Aws, |url| guard::place(url, service))
    }

    /// # Errors
    /// One of them is no URL, or is neither AWS's nor on this machine and that is not allowed.
    pub fn check(&self, allow_remote: bool) -> Result<(), String> {
        self.0.iter().try_for_each(|(service, url)| guard::check(url, service, allow_remote))
    }

    /// Whether everything stays on this machine.
    pub fn all_here(&self) -> bool {
        SERVICES.iter().all(|(name, ..)| self.place(name) == Place::Here)
    }

    /// The one endpoint of all services.
    pub fn common(&self) -> Option<&str> {
        let mut urls = SERVICES.iter().map(|(name, ..)| self.url(name));
        let first = urls.next()??;
        urls.all(|url| url == Some(first)).then_some(first)
    }

    /// Where the calls go that may be of any service.
    pub fn used_by_all(&self) -> Used {
        self.used(SERVICES.iter().map(|(name, ..)| *name))
    }

    /// Where the calls with these permissions (`ec2:CreateTags`) go, STS included: it is always asked who calls.
    pub fn used<'a>(&self, permissions: impl Iterator<Item = &'a str>) -> Used {
        let prefixes = permissions.filter_map(|one| one.split(':').next()).chain(["sts"]);
        let services = prefixes.filter_map(|prefix| {
            SERVICES.iter().map(|(name, ..)| *name).find(|name| *name == prefix)
        });
        let by = services.map(|name| (name.to_owned(), self.url(name).map(str::to_owned)));
        let by: BTreeMap<_, _> = by.collect();
        let local = by.keys().all(|name| self.place(name) == Place::Here);
        let mut urls = by.values();
        let first = urls.next().cloned().flatten();
        let mixed = !urls.all(|url| *url == first);
        match mixed {
            false => Used { endpoint: first, local, endpoints: IndexMap::new() },
            true => Used {
                endpoint: None,
                local,
                endpoints: by
                    .into_iter()
                    .map(|(name, url)| (name, url.unwrap_or_else(|| AWS.into())))
                    .collect(),
            },
        }
    }
}

/// What stands for an endpoint that is AWS's own.
const AWS: &str = "AWS";

/// Where what is to be done would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// One endpoint for all; none is AWS itself, or see `endpoints`.
    pub endpoint: Option<String>,
    /// All of it is on this machine.
    pub local: bool,
    /// Service and URL, or `AWS`, where not all have the same.
    pub endpoints: IndexMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(of: &[(&'static str, &str)]) -> Endpoints {
        Endpoints(Arc::new(of.iter().map(|(name, url)| (*name, (*url).to_owned())).collect()))
    }

    #[test]
    fn local_is_what_is_local_in_every_service_that_is_used() {
        let lab = "http://127.0.0.1:4566";
        let only_ec2 = endpoints(&[("ec2", lab)]);
        let used = only_ec2.used(["ec2:CreateTags", "ec2:StopInstances"].into_iter());
        assert!(!used.local, "STS is AWS's");
        assert_eq!(used.endpoint, None);
        let named = [("ec2".to_owned(), lab.to_owned()), ("sts".to_owned(), "AWS".to_owned())];
        assert_eq!(used.endpoints, IndexMap::from(named));
        assert_eq!((only_ec2.place("ec2"), only_ec2.place("iam")), (Place::Here, Place::Aws));
        assert!(!only_ec2.all_here());

        let both = endpoints(&[("ec2", lab), ("sts", lab)]);
        let used = both.used(["ec2:CreateTags"].into_iter());
        assert_eq!(
            used,
            Used { endpoint: Some(lab.into()), local: true, endpoints: IndexMap::new() }
        );
        assert!(!both.used(["iam:PutRolePolicy"].into_iter()).local);

        let mut all: Vec<_> = SERVICES.iter().map(|(name, ..)| (*name, lab)).collect();
        assert!(endpoints(&all).all_here());
        assert_eq!(endpoints(&all).common(), Some(lab));
        // The mirror: all in the lab but EC2.
        all.retain(|(name, _)| *name != "ec2");
        all.push(("ec2", "https://ec2.us-east-1.amazonaws.com"));
        let mirror = endpoints(&all);
        assert!(!mirror.all_here());
        assert_eq!(mirror.common(), None);
        assert_eq!(mirror.place("ec2"), Place::Aws);
        assert!(!mirror.used(["ec2:CreateTags"].into_iter()).local);
        assert!(mirror.used(["iam:PutRolePolicy"].into_iter()).local, "EC2 is not called");
    }
}
