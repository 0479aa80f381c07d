//! The metadata of a restore: what the recovery point was saved with, changed so that it comes back as
//! something new beside the original. Pure; one rule for each kind of resource.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-a-backup.html>

use std::collections::BTreeMap;

type Texts = BTreeMap<String, String>;

/// Whether it says where a volume comes back. Not every recovery point knows its zone.
pub(super) fn has_zone(kind: &str, saved: &Texts, given: &Texts) -> bool {
    let names = |all: &Texts| has(all, "availabilityZone") || has(all, "availabilityZoneId");
    kind != "EBS" || names(saved) || names(given)
}

/// `kind` as AWS Backup names it; `name` is that of what is made; `given` goes over everything.
///
/// # Errors
/// What a restore needs is neither saved nor given.
pub(super) fn of(kind: &str, saved: &Texts, name: &str, given: &Texts) -> Result<Texts, String> {
    let mut all = saved.clone();
    match kind {
        "EBS" => {
            // <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-ebs.html>
            remove(&mut all, "volumeId");
        }
        "DynamoDB" => {
            // <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-dynamodb.html>
            set(&mut all, "targetTableName", name);
            if !has(&all, "encryptionType") {
                set(&mut all, "encryptionType", "Default");
            }
            if has(&all, "deletionProtection") {
                set(&mut all, "deletionProtection", "false");
            }
        }
        "S3" => {
            // <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-s3.html>
            remove(&mut all, "BucketName");
            set(&mut all, "DestinationBucketName", name);
            set(&mut all, "NewBucket", "true");
        }
        "EC2" => {
            // <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-ec2.html>
            set(&mut all, "DisableApiTermination", "false");
            set(&mut all, "RequireIMDSv2", "true");
            if has(given, "SubnetId") {
                // They belong to the network that it was saved in.
                for of_old in ["VpcId", "SecurityGroupIds", "NetworkInterfaces", "Placement"] {
                    remove(&mut all, of_old);
                }
            }
        }
        "RDS" => {
            // <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-rds.html>
            set(&mut all, "DBInstanceIdentifier", name);
            set(&mut all, "DeletionProtection", "false");
        }
        // Given in full, or not at all.
        _ if given.is_empty() => {
            return Err(format!(
                "a recovery point of type `{kind}` can only be restored with `metadata`; give it"
            ));
        }
        _ => {}
    }
    for (key, value) in given {
        set(&mut all, key, value);
    }
    if !has_zone(kind, &all, given) {
        return Err("the recovery point names no `availabilityZone`; give one in `metadata`".into());
    }
    Ok(all)
}

// AWS ignores case in these keys.
fn has(all: &Texts, key: &str) -> bool {
    all.keys().any(|have| have.eq_ignore_ascii_case(key))
}

fn remove(all: &mut Texts, key: &str) {
    all.retain(|have, _| !have.eq_ignore_ascii_case(key));
}

fn set(all: &mut Texts, key: &str, value: &str) {
    remove(all, key);
    all.insert(key.into(), value.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn nothing_is_restored_over_the_original() {
        let saved =
            texts(&[("availabilityZone", "a"), ("volumeId", "vol-1"), ("volumeType", "gp3")]);
        let zone = texts(&[("AvailabilityZone", "b")]);
        let ebs = of("EBS", &saved, "new", &zone).expect("metadata");
        assert_eq!(ebs, texts(&[("AvailabilityZone", "b"), ("volumeType", "gp3")]));
        let table = of("DynamoDB", &texts(&[("targetTableName", "orders")]), "new", &Texts::new());
        let table = table.expect("metadata");
        assert_eq!(table, texts(&[("encryptionType", "Default"), ("targetTableName", "new")]));
        let bucket = of("S3", &texts(&[("BucketName", "photos")]), "new", &Texts::new());
        let bucket = bucket.expect("metadata");
        assert_eq!(bucket, texts(&[("DestinationBucketName", "new"), ("NewBucket", "true")]));
        let db = of("RDS", &texts(&[("DBInstanceIdentifier", "orders")]), "new", &Texts::new());
        assert_eq!(db.expect("metadata")["DBInstanceIdentifier"], "new");
    }

    #[test]
    fn an_instance_leaves_its_old_network_when_it_is_given_another() {
        let saved = texts(&[
            ("SubnetId", "subnet-1"),
            ("SecurityGroupIds", "[]"),
            ("InstanceType", "t3.micro"),
        ]);
        let same = of("EC2", &saved, "new", &Texts::new()).expect("metadata");
        assert_eq!(
            (same["SubnetId"].as_str(), same.contains_key("SecurityGroupIds")),
            ("subnet-1", true)
        );
        let moved =
            of("EC2", &saved, "new", &texts(&[("SubnetId", "subnet-2")])).expect("metadata");
        assert_eq!(
            (moved["SubnetId"].as_str(), moved.contains_key("SecurityGroupIds")),
            ("subnet-2", false)
        );
        assert_eq!(moved["InstanceType"], "t3.micro");
    }

    #[test]
    fn what_is_not_known_must_be_given() {
        assert!(of("EFS", &Texts::new(), "new", &Texts::new()).is_err());
        assert!(of("EFS", &Texts::new(), "new", &texts(&[("newFileSystem", "true")])).is_ok());
        assert!(of("EBS", &Texts::new(), "new", &Texts::new()).is_err(), "no zone");
        let zone = texts(&[("availabilityZoneId", "use1-az1")]);
        assert!(of("EBS", &Texts::new(), "new", &zone).is_ok());
        assert!(!has_zone("EBS", &Texts::new(), &Texts::new()));
        assert!(
            has_zone("EBS", &zone, &Texts::new()) && has_zone("S3", &Texts::new(), &Texts::new())
        );
    }
}
