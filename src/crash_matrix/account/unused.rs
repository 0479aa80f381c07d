//! An account of a local endpoint that nobody has used: drawn at random, and read before it is
//! handed out. Owns the draw and what counts as empty; makes nothing in the account.
//!
//! No list of accounts is kept, so nothing needs to be shared between two processes, between two
//! labs before one endpoint, or with a front that was started again.

use serde_json::Value;
use ulid::Ulid;

use super::Reader;
use crate::{
    aws::account::Lens,
    lab::{LabError, seed},
};

/// Twelve digits that begin with a 2: the numbers in the lab's documents and in AWS's examples
/// begin with others.
const FIRST: u128 = 200_000_000_000;
const SPACE: u128 = 100_000_000_000;

impl Reader {
    /// A reader of an account in which nothing has been made. Its number is an access key id of it.
    ///
    /// Two callers get two accounts: one in a hundred thousand million is drawn.
    ///
    /// # Errors
    /// As [`require_empty`](Self::require_empty).
    pub async fn of_unused(upstream: &str, front: &str, region: &str) -> Result<Self, LabError> {
        let account = drawn(Ulid::generate().random());
        let upstream = seed::sdk_config(upstream, region, &account);
        let front = seed::sdk_config(front, region, &account);
        let reader = Self::of(&Lens { upstream, front, account })?;
        reader.require_empty().await?;
        Ok(reader)
    }

    /// Refuses an account that has more in it than AWS gives to every new one.
    ///
    /// # Errors
    /// [`LabError::AccountInUse`]; [`LabError::Unreadable`] when a call fails. Nothing is changed.
    pub async fn require_empty(&self) -> Result<(), LabError> {
        match things(&self.read().await?) {
            0 => Ok(()),
            things => Err(LabError::AccountInUse { account: self.account.clone(), things }),
        }
    }
}

fn drawn(random: u128) -> String {
    (FIRST + random % SPACE).to_string()
}

/// How many things somebody made in an account as [`Reader::read`] returns it. A kind that this
/// function does not know counts as made by somebody.
fn things(account: &Value) -> usize {
    let services = account.as_object().into_iter().flatten();
    let kinds = services.flat_map(|(service, kinds)| {
        let kinds = kinds.as_object().into_iter().flatten();
        kinds.map(move |(kind, found)| (service.as_str(), kind.as_str(), found))
    });
    kinds
        .map(|(service, kind, found)| match found {
            Value::Object(found) => {
                found.values().filter(|one| !is_given(service, kind, one)).count()
            }
            Value::Array(found) => found.len(),
            Value::Null => 0,
            _ => 1,
        })
        .sum()
}

/// Whether AWS gives it to every new account: the default VPC with its subnets, group and network ACL.
fn is_given(service: &str, kind: &str, one: &Value) -> bool {
    let has_no_tags = one["tags"].as_object().is_some_and(serde_json::Map::is_empty);
    has_no_tags
        && match (service, kind) {
            ("ec2", "groups") => one["GroupName"] == "default",
            ("ec2", "acls") => one["default"] == true,
            ("ec2", "subnets") => true,
            ("ec2", "vpcs") => one["default"] == true,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_has_twelve_digits_whatever_is_drawn() {
        for random in [0, 1, SPACE - 1, SPACE, u128::MAX] {
            let number = drawn(random);
            assert!(number.len() == 12 && number.starts_with('2'), "{number}");
        }
        assert_ne!(drawn(Ulid::generate().random()), drawn(Ulid::generate().random()));
    }

    #[test]
    fn a_new_account_is_empty_and_one_thing_more_is_not() {
        let new = json!({
            "ec2": {
                "groups": { "sg-1": { "GroupName": "default", "tags": {} } },
                "acls": { "acl-1": { "default": true, "tags": {} } },
                "subnets": { "subnet-1": { "cidr": "172.31.0.0/20", "tags": {} } },
                "vpcs": { "vpc-1": { "default": true, "tags": {} } },
                "instances": {},
            },
            "iam": { "users": {} },
        });
        assert_eq!(things(&new), 0);
        for (service, kind, one) in [
            ("ec2", "groups", json!({ "GroupName": "web", "tags": {} })),
            ("ec2", "groups", json!({ "GroupName": "default", "tags": { "a": "b" } })),
            ("ec2", "subnets", json!({ "tags": { "backburn:seed": "main" } })),
            ("ec2", "acls", json!({ "default": false, "tags": {} })),
            ("ec2", "instances", json!({ "tags": {} })),
            ("iam", "users", json!({})),
            ("s3", "buckets", json!({ "tags": {} })),
        ] {
            let mut account = new.clone();
            account[service][kind]["another"] = one;
            assert_eq!(things(&account), 1, "{service} {kind}");
        }
    }
}
