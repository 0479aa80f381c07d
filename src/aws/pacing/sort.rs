//! Sorts of calls: which bucket of AWS's a call takes from, and how large that bucket is. Owns the
//! published sizes of EC2's; few other services publish any.
//!
//! <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>

use super::lane::{Level, Size};

/// The bucket of a call within one account and Region, and what the call does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sort {
    /// `ec2`.
    pub service: String,
    /// An operation with a bucket of its own, or what shares one.
    pub bucket: &'static str,
}

/// EC2's operations with buckets of their own: capacity and refill a second.
const OWN: &[(&str, f64, f64)] = &[
    ("AuthorizeSecurityGroupIngress", 50.0, 5.0),
    ("CopyImage", 100.0, 1.0),
    ("CreateSnapshot", 100.0, 5.0),
    ("CreateSnapshots", 100.0, 5.0),
    ("CreateTags", 100.0, 10.0),
    ("CreateVolume", 100.0, 5.0),
    ("ModifyNetworkInterfaceAttribute", 100.0, 5.0),
    ("ModifySnapshotAttribute", 100.0, 5.0),
    ("RevokeSecurityGroupIngress", 50.0, 5.0),
    ("RunInstances", 5.0, 2.0),
    ("StartInstances", 5.0, 2.0),
    ("TerminateInstances", 100.0, 5.0),
];

const MUTATING: &str = "mutating";
const READING: &str = "non-mutating";
/// Describes without filter, ids or page size.
const UNBOUNDED: &str = "unfiltered describe";

impl Sort {
    /// `service` and `operation` as the SDK names them; `form` is the body of an EC2 request.
    pub(crate) fn of(service: &str, operation: &str, form: &str) -> Self {
        let service = service.to_ascii_lowercase();
        let bucket = match OWN.iter().find(|own| own.0 == operation) {
            Some(own) if service == "ec2" => own.0,
            _ if service == "ec2" && operation.starts_with("Describe") && is_unbounded(form) => {
                UNBOUNDED
            }
            _ if reads(operation) => READING,
            _ => MUTATING,
        };
        Self { service, bucket }
    }

    pub(crate) fn size(&self) -> Option<Size> {
        if self.service != "ec2" {
            return None;
        }
        let (capacity, refill) = match self.bucket {
            MUTATING => (50.0, 5.0),
            READING => (100.0, 20.0),
            UNBOUNDED => (50.0, 10.0),
            own => OWN.iter().find(|of| of.0 == own).map(|of| (of.1, of.2))?,
        };
        Some(Size { capacity, refill })
    }

    pub(crate) fn is_write(&self) -> bool {
        ![READING, UNBOUNDED].contains(&self.bucket)
    }

    pub(crate) fn level(&self, urgent: bool) -> Level {
        match self.bucket {
            _ if urgent => Level::Urgent,
            READING | UNBOUNDED | "CreateTags" => Level::Rest,
            _ => Level::Change,
        }
    }

    /// `ec2 mutating calls`.
    pub(crate) fn words(&self) -> String {
        format!("{} {} calls", self.service, self.bucket)
    }
}

fn reads(operation: &str) -> bool {
    ["Describe", "Get", "List", "Search", "Head", "Lookup", "Simulate", "BatchGet", "Query", "Scan"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

fn is_unbounded(form: &str) -> bool {
    !form.split('&').filter_map(|pair| pair.split('=').next()).any(|name| {
        let name = name.split('.').next().unwrap_or(name);
        name == "Filter" || name == "MaxResults" || name.ends_with("Id") || name.ends_with("Ids")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_take_from_the_bucket_that_aws_gives_them() {
        let of = |service, operation, form| Sort::of(service, operation, form);
        for (operation, form, bucket, capacity, refill) in [
            ("DescribeInstances", "Action=DescribeInstances&Version=1", UNBOUNDED, 50.0, 10.0),
            ("DescribeInstances", "Action=x&InstanceId.1=i-1", READING, 100.0, 20.0),
            ("DescribeVpcs", "Action=x&Filter.1.Name=tag", READING, 100.0, 20.0),
            ("CreateTags", "Action=CreateTags", "CreateTags", 100.0, 10.0),
            ("StopInstances", "Action=StopInstances", MUTATING, 50.0, 5.0),
            ("RunInstances", "", "RunInstances", 5.0, 2.0),
        ] {
            let sort = of("EC2", operation, form);
            assert_eq!(sort.bucket, bucket, "{operation}");
            assert_eq!(sort.size(), Some(Size { capacity, refill }), "{operation}");
        }
        let iam = of("IAM", "PutUserPolicy", "");
        assert_eq!((iam.words().as_str(), iam.size()), ("iam mutating calls", None));
        assert_eq!(of("IAM", "GetUser", "").bucket, READING);
    }

    #[test]
    fn containment_goes_before_changes_and_those_before_reads_and_tags() {
        let level = |operation, urgent| Sort::of("EC2", operation, "").level(urgent);
        assert!(level("CreateTags", true) < level("StopInstances", false));
        assert!(level("StopInstances", false) < level("CreateTags", false));
        assert_eq!(level("DescribeVpcs", false), Level::Rest);
    }
}
