//! The resources that an event is about, as LookupEvents lists and filters them.

use std::collections::BTreeSet;

use serde_json::Value;

const DEEPEST: usize = 12;
/// As many as LookupEvents shows.
const MOST: usize = 50;

/// Type and name, found by the shape of ids and the names of members.
pub(super) fn of(service: &str, event: &Value) -> Vec<(String, String)> {
    let mut found = BTreeSet::new();
    for part in ["requestParameters", "responseElements"] {
        walk(service, "", &event[part], 0, &mut found);
    }
    found.into_iter().take(MOST).map(|(kind, name)| (kind.to_owned(), name)).collect()
}

fn walk(
    service: &str,
    member: &str,
    value: &Value,
    depth: usize,
    found: &mut BTreeSet<(&'static str, String)>,
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::String(text) => {
            let kind = by_member(service, member).or_else(|| by_id(service, text));
            if let Some(kind) = kind.filter(|_| (1..=256).contains(&text.len())) {
                found.insert((kind, text.clone()));
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| walk(service, member, item, depth + 1, found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| walk(service, name, inner, depth + 1, found));
        }
        _ => {}
    }
}

fn by_member(service: &str, member: &str) -> Option<&'static str> {
    Some(match (service, member) {
        ("iam" | "sts", "userName") => "AWS::IAM::User",
        ("iam", "roleName") | ("sts", "roleArn") => "AWS::IAM::Role",
        ("iam" | "sts", "accessKeyId") => "AWS::IAM::AccessKey",
        ("iam", "groupName") => "AWS::IAM::Group",
        ("iam", "policyArn") => "AWS::IAM::Policy",
        ("iam", "instanceProfileName") => "AWS::IAM::InstanceProfile",
        ("s3", "bucketName") => "AWS::S3::Bucket",
        ("cloudtrail", "name" | "trailName") => "AWS::CloudTrail::Trail",
        ("kms", "keyId") => "AWS::KMS::Key",
        ("rds", "dBInstanceIdentifier") => "AWS::RDS::DBInstance",
        ("rds", "dBClusterIdentifier") => "AWS::RDS::DBCluster",
        ("dynamodb", "tableName") => "AWS::DynamoDB::Table",
        ("guardduty", "detectorId") => "AWS::GuardDuty::Detector",
        ("backup", "backupVaultName") => "AWS::Backup::BackupVault",
        ("lambda", "functionName") => "AWS::Lambda::Function",
        ("secretsmanager", "secretId") => "AWS::SecretsManager::Secret",
        _ => return None,
    })
}

fn by_id(service: &str, text: &str) -> Option<&'static str> {
    if !matches!(service, "ec2" | "ssm" | "fis" | "autoscaling" | "elasticloadbalancing") {
        return None;
    }
    let (prefix, rest) = text.rsplit_once('-')?;
    let is_id = (8..=17).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_hexdigit());
    let kind = match prefix {
        "i" => "AWS::EC2::Instance",
        "vol" => "AWS::EC2::Volume",
        "snap" => "AWS::EC2::Snapshot",
        "sg" => "AWS::EC2::SecurityGroup",
        "ami" => "AWS::EC2::Ami",
        "eni" => "AWS::EC2::NetworkInterface",
        "subnet" => "AWS::EC2::Subnet",
        "vpc" => "AWS::EC2::VPC",
        "acl" => "AWS::EC2::NetworkAcl",
        "eipalloc" => "AWS::EC2::EIP",
        "rtb" => "AWS::EC2::RouteTable",
        "igw" => "AWS::EC2::InternetGateway",
        _ => return None,
    };
    is_id.then_some(kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_names_become_resources() {
        let event = json!({
            "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}},
            "responseElements": {"groupId": "sg-12345678", "text": "i-am-no-id"},
        });
        let wanted = [
            ("AWS::EC2::Instance".into(), "i-0123456789abcdef0".into()),
            ("AWS::EC2::SecurityGroup".into(), "sg-12345678".into()),
        ];
        assert_eq!(of("ec2", &event), wanted);
        let event = json!({"requestParameters": {"userName": "bob"}, "responseElements": null});
        assert_eq!(of("iam", &event), [("AWS::IAM::User".into(), "bob".into())]);
    }
}
