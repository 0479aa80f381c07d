//! Resource types of targets: <https://docs.aws.amazon.com/fis/latest/userguide/targets.html#resource-types>.

pub(crate) struct ResourceType {
    pub id: &'static str,
    pub description: &'static str,
    /// Service and start of the resource part of its ARNs.
    pub service: &'static str,
    pub prefix: &'static str,
    /// Names and descriptions; all are optional for the types here.
    pub parameters: &'static [(&'static str, &'static str)],
}

impl ResourceType {
    /// Account and id of an ARN of this type.
    pub(crate) fn parse<'a>(&self, arn: &'a str) -> Option<(&'a str, &'a str)> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, _, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let id = resource.strip_prefix(self.prefix)?;
        (scheme == "arn" && service == self.service && !id.is_empty()).then_some((account, id))
    }
}

pub(crate) fn resource_type(id: &str) -> Option<&'static ResourceType> {
    RESOURCE_TYPES.iter().find(|kind| kind.id == id)
}

const ZONE: (&str, &str) =
    ("availabilityZoneIdentifier", "The Availability Zone that contains the target resources.");

/// By id.
pub(crate) const RESOURCE_TYPES: &[ResourceType] = &[
    ResourceType {
        id: "aws:ec2:ebs-volume",
        description: "An Amazon EBS volume",
        service: "ec2",
        prefix: "volume/",
        parameters: &[ZONE],
    },
    ResourceType {
        id: "aws:ec2:instance",
        description: "An Amazon EC2 instance",
        service: "ec2",
        prefix: "instance/",
        parameters: &[],
    },
    ResourceType {
        id: "aws:ec2:subnet",
        description: "An Amazon VPC subnet",
        service: "ec2",
        prefix: "subnet/",
        parameters: &[ZONE, ("vpc", "The VPC that contains the target subnets.")],
    },
    ResourceType {
        id: "aws:iam:role",
        description: "An IAM role",
        service: "iam",
        prefix: "role/",
        parameters: &[],
    },
    ResourceType {
        id: "aws:rds:cluster",
        description: "An Amazon Aurora DB cluster",
        service: "rds",
        prefix: "cluster:",
        parameters: &[(
            "writerAvailabilityZoneIdentifiers",
            "The Availability Zones of the writer, separated by commas, or all.",
        )],
    },
    ResourceType {
        id: "aws:rds:db",
        description: "An Amazon RDS DB instance",
        service: "rds",
        prefix: "db:",
        parameters: &[(
            "availabilityZoneIdentifiers",
            "The Availability Zones of the DB instances, separated by commas, or all.",
        )],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_by_type() {
        let kind = resource_type("aws:ec2:instance").expect("known");
        let arn = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
        assert_eq!(kind.parse(arn), Some(("123456789012", "i-1")));
        assert_eq!(kind.parse("arn:aws:ec2:us-east-1:123456789012:volume/vol-1"), None);
        let role = resource_type("aws:iam:role").expect("known");
        assert_eq!(role.parse("arn:aws:iam::1:role/path/n"), Some(("1", "path/n")));
        let db = resource_type("aws:rds:db").expect("known");
        assert_eq!(db.parse("arn:aws:rds:us-east-1:1:db:main"), Some(("1", "main")));
    }
}
