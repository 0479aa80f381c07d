//! The account's resources of a type, as the Describe call of that type returns them.

use serde_json::json;

use crate::AwsError;
use crate::fis::model::Texts;
use crate::upstream::Session;
use crate::wire::Xml;

/// A resource that could be a target.
pub(super) struct Resource {
    pub arn: String,
    pub tags: Texts,
    pub about: Xml,
}

/// Everything of a type that exists. Terminated instances, which local endpoints keep for ever, do not.
pub(super) async fn all(session: &Session, resource_type: &str) -> Result<Vec<Resource>, AwsError> {
    let (service, action, path, id, kind) = match resource_type {
        "aws:ec2:instance" => (
            "ec2",
            "DescribeInstances",
            "reservationSet/item/instancesSet/item",
            "instanceId",
            "instance",
        ),
        "aws:ec2:ebs-volume" => ("ec2", "DescribeVolumes", "volumeSet/item", "volumeId", "volume"),
        "aws:ec2:subnet" => ("ec2", "DescribeSubnets", "subnetSet/item", "subnetId", "subnet"),
        "aws:rds:db" => (
            "rds",
            "DescribeDBInstances",
            "DescribeDBInstancesResult/DBInstances/DBInstance",
            "DBInstanceArn",
            "",
        ),
        "aws:rds:cluster" => (
            "rds",
            "DescribeDBClusters",
            "DescribeDBClustersResult/DBClusters/DBCluster",
            "DBClusterArn",
            "",
        ),
        "aws:iam:role" => ("iam", "ListRoles", "ListRolesResult/Roles/member", "Arn", ""),
        other => return Err(AwsError::internal(format!("no way to list {other}"))),
    };
    let is_gone =
        |xml: &Xml| matches!(xml.text("instanceState/name"), "terminated" | "shutting-down");
    let mut found = Vec::new();
    for about in pages(session, service, action, path).await? {
        if is_gone(&about) {
            continue;
        }
        let id = about.text(id);
        let arn = match kind {
            "" => id.to_owned(),
            kind => session.scope().arn(service, &format!("{kind}/{id}")),
        };
        let tags = if service == "iam" {
            role_tags(session, about.text("RoleName")).await?
        } else {
            tags(&about)
        };
        found.push(Resource { arn, tags, about });
    }
    Ok(found)
}

/// Every page of a list.
async fn pages(
    session: &Session,
    service: &str,
    action: &str,
    path: &str,
) -> Result<Vec<Xml>, AwsError> {
    let (mut found, mut next) = (Vec::new(), json!({}));
    loop {
        let answer = session.query(service, action, next).await?;
        found.extend(answer.all(path).into_iter().cloned());
        let result = format!("{action}Result");
        let within = answer.get(&result).unwrap_or(&answer);
        // EC2 by a token; RDS and IAM by a marker.
        next = match (within.text("nextToken"), within.text("Marker")) {
            ("", "") => return Ok(found),
            ("", marker) => json!({ "Marker": marker }),
            (token, _) => json!({ "NextToken": token }),
        };
    }
}

fn tags(about: &Xml) -> Texts {
    let ec2 = about.all("tagSet/item").into_iter().map(|t| (t.text("key"), t.text("value")));
    let rds = about.all("TagList/Tag").into_iter().map(|t| (t.text("Key"), t.text("Value")));
    ec2.chain(rds).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// `ListRoles` returns no tags.
async fn role_tags(session: &Session, role: &str) -> Result<Texts, AwsError> {
    let answer = session.query("iam", "ListRoleTags", json!({ "RoleName": role })).await?;
    let tags = answer.all("ListRoleTagsResult/Tags/member");
    Ok(tags.into_iter().map(|t| (t.text("Key").to_owned(), t.text("Value").to_owned())).collect())
}
