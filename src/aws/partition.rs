//! AWS's partitions: the second part of an ARN and the end of host names, by Region. Owns that list.
//!
//! Names, suffixes and patterns of Regions are those of botocore's `partitions.json`:
//! <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>

/// One partition: what is known in one is unknown in every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// As in `arn:NAME:`.
    pub name: &'static str,
    /// End of the host names of its services.
    pub dns_suffix: &'static str,
    /// How its Regions begin; none does for the one that takes all others.
    regions: &'static str,
}

const fn partition(
    name: &'static str,
    regions: &'static str,
    dns_suffix: &'static str,
) -> Partition {
    Partition { name, dns_suffix, regions }
}

/// The commercial Regions, and whatever is not known to be elsewhere.
pub const AWS: &Partition = &partition("aws", "", "amazonaws.com");

/// Those whose Regions have names of a form of their own.
pub const OTHERS: &[Partition] = &[
    partition("aws-cn", "cn-", "amazonaws.com.cn"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com"),
    partition("aws-eusc", "eusc-", "amazonaws.eu"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov"),
];

/// The partition of a Region.
pub fn of_region(region: &str) -> &'static Partition {
    OTHERS.iter().find(|one| region.starts_with(one.regions)).unwrap_or(AWS)
}

/// The name of the partition in an ARN; `aws` where there is none.
pub fn of_arn(arn: &str) -> &str {
    let name = arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    name.filter(|name| !name.is_empty()).unwrap_or(AWS.name)
}

impl Partition {
    /// An ARN that is written for `aws`, as this partition has it.
    pub fn localized(&self, arn: &str) -> String {
        match arn.strip_prefix("arn:aws:") {
            Some(rest) => format!("arn:{}:{rest}", self.name),
            None => arn.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_its_partition() {
        for (region, name, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("il-central-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ] {
            let found = of_region(region);
            assert_eq!((found.name, found.dns_suffix), (name, suffix), "{region}");
        }
    }

    #[test]
    fn an_arn_names_its_partition() {
        assert_eq!(of_arn("arn:aws-cn:iam::111122223333:user/x"), "aws-cn");
        assert_eq!(of_arn(""), "aws");
        let china = of_region("cn-north-1");
        assert_eq!(china.localized("arn:aws:s3:::b"), "arn:aws-cn:s3:::b");
        assert_eq!(china.localized("*"), "*");
    }
}
