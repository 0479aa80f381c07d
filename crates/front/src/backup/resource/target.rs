//! Which resource an ARN names, among those that can be backed up here. Pure.

use super::Resource;
use crate::backup::error::invalid;
use crate::{AwsError, Scope};

/// The kind of resource that an ARN of this account and Region names.
pub(in crate::backup) fn of_arn(arn: &str, at: &Scope) -> Result<Resource, AwsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [head, partition, service, region, account, rest] = parts[..] else {
        return Err(invalid(format!("Invalid ARN provided: {arn}")));
    };
    if head != "arn" || !partition.starts_with("aws") || rest.is_empty() {
        return Err(invalid(format!("Invalid ARN provided: {arn}")));
    }
    let (resource, id) = match service {
        "ec2" if rest.starts_with("volume/") => (Resource::Ebs, rest.strip_prefix("volume/")),
        "ec2" => (Resource::Ec2, rest.strip_prefix("instance/")),
        "dynamodb" => (Resource::DynamoDb, rest.strip_prefix("table/")),
        "rds" => (Resource::Rds, rest.strip_prefix("db:")),
        "s3" => (Resource::S3, Some(rest)),
        _ => return Err(invalid(format!("Unsupported resource type: {arn}"))),
    };
    if !id.is_some_and(|id| !id.is_empty() && !id.contains(['/', '*', '?'])) {
        return Err(invalid(format!("Unsupported resource type: {arn}")));
    }
    let is_here =
        (service == "s3" && account.is_empty()) || (region == at.region && account == at.account);
    if !is_here {
        return Err(invalid(format!(
            "Resource {arn} is not in account {} and Region {}",
            at.account, at.region
        )));
    }
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_told_apart() {
        let at = Scope::new("111122223333", "eu-west-1");
        for (arn, kind) in [
            ("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", "EBS"),
            ("arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "EC2"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/t", "DynamoDB"),
            ("arn:aws:rds:eu-west-1:111122223333:db:d", "RDS"),
            ("arn:aws:s3:::b", "S3"),
        ] {
            assert_eq!(of_arn(arn, &at).expect(arn).name(), kind);
        }
        for bad in [
            "vol-1",
            "arn:aws:ec2:eu-west-1:111122223333:snapshot/snap-1",
            "arn:aws:ec2:us-east-1:111122223333:volume/vol-1",
            "arn:aws:ec2:eu-west-1:999999999999:volume/vol-1",
            "arn:aws:rds:eu-west-1:111122223333:cluster:c",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i",
            "arn:aws:s3:::b/key",
            "arn:aws:sqs:eu-west-1:111122223333:q",
        ] {
            assert!(of_arn(bad, &at).is_err(), "{bad}");
        }
    }
}
