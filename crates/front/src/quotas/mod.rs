//! EC2's request quotas as token buckets, at AWS's published sizes, per account and Region.
//! <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{AwsError, Call, Clock, Scope};

/// Capacity, and tokens that come back each second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Size(f64, f64);

struct Bucket {
    tokens: f64,
    filled: Instant,
}

#[derive(Default)]
pub(crate) struct Quotas {
    buckets: Mutex<HashMap<(Scope, &'static str), Bucket>>,
}

/// The bucket of an operation: its own, or one that a class of operations shares.
fn bucket(operation: &str, is_unbounded: bool) -> (&'static str, Size) {
    match operation {
        "AuthorizeSecurityGroupIngress" => ("AuthorizeSecurityGroupIngress", Size(50.0, 5.0)),
        "RevokeSecurityGroupIngress" => ("RevokeSecurityGroupIngress", Size(50.0, 5.0)),
        "ModifyNetworkInterfaceAttribute" => ("ModifyNetworkInterfaceAttribute", Size(100.0, 5.0)),
        "CreateSnapshot" => ("CreateSnapshot", Size(100.0, 5.0)),
        "CreateSnapshots" => ("CreateSnapshots", Size(100.0, 5.0)),
        "CreateTags" => ("CreateTags", Size(100.0, 10.0)),
        "CopyImage" => ("CopyImage", Size(100.0, 1.0)),
        "ModifySnapshotAttribute" => ("ModifySnapshotAttribute", Size(100.0, 5.0)),
        "CreateVolume" => ("CreateVolume", Size(100.0, 5.0)),
        "RunInstances" => ("RunInstances", Size(5.0, 2.0)),
        "StartInstances" => ("StartInstances", Size(5.0, 2.0)),
        "TerminateInstances" => ("TerminateInstances", Size(100.0, 5.0)),
        name if name.starts_with("Describe") && is_unbounded => ("unfiltered", Size(50.0, 10.0)),
        name if ["Describe", "Get", "List", "Search"].iter().any(|verb| name.starts_with(verb)) => {
            ("non-mutating", Size(100.0, 20.0))
        }
        _ => ("mutating", Size(50.0, 5.0)),
    }
}

impl Quotas {
    /// Takes a token; false when there is none. Only EC2 calls need one.
    pub(crate) fn admits(&self, call: &Call, clock: Clock) -> bool {
        if call.service != "ec2" {
            return true;
        }
        let has = |name: &str| call.params.get(name).is_some();
        let names_ids = call.params.as_object().is_some_and(|members| {
            members.keys().any(|key| key.ends_with("Id") || key.ends_with("Ids"))
        });
        let is_unbounded = !has("Filter") && !has("MaxResults") && !names_ids;
        let (name, size) = bucket(&call.operation, is_unbounded);
        self.take(&call.scope, name, size, clock.factor(), Instant::now())
    }

    fn take(&self, at: &Scope, name: &'static str, size: Size, speed: f64, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Bucket { tokens: size.0, filled: now };
        let bucket = buckets.entry((at.clone(), name)).or_insert_with(full);
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64() * speed;
        bucket.tokens = (bucket.tokens + passed * size.1).min(size.0);
        bucket.filled = now;
        let has_token = bucket.tokens >= 1.0;
        if has_token {
            bucket.tokens -= 1.0;
        }
        has_token
    }
}

pub(crate) fn exceeded() -> AwsError {
    AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_as_published() {
        let quotas = Quotas::default();
        let (at, other) = (Scope::new("1", "r"), Scope::new("2", "r"));
        let (name, size) = bucket("ModifyNetworkInterfaceAttribute", true);
        let start = Instant::now();
        let taken = |at: &Scope, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (0..1000).take_while(|_| quotas.take(at, name, size, 1.0, now)).count()
        };
        assert_eq!(taken(&at, 0), 100);
        assert_eq!(taken(&at, 1), 5);
        assert_eq!(taken(&at, 1), 0);
        assert_eq!(taken(&other, 1), 100);
        assert_eq!(taken(&at, 1000), 100);
    }

    #[test]
    fn operations_take_from_their_bucket() {
        assert_eq!(bucket("DescribeInstances", true), ("unfiltered", Size(50.0, 10.0)));
        assert_eq!(bucket("DescribeInstances", false).0, "non-mutating");
        assert_eq!(bucket("StopInstances", true), ("mutating", Size(50.0, 5.0)));
        assert_eq!(bucket("RunInstances", true).1, Size(5.0, 2.0));
    }
}
