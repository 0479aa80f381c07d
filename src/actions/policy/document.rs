//! From what is granted to the text of an IAM policy. Owns how statements are put together and what fills the
//! patterns of ARNs.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        partition,
        policy_document::{MANAGED_LIMIT, size},
    },
    engine::Permission,
};

/// One permission as a policy states it. Where a file names the very thing, it stands in place of all
/// of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// `service:Action`
    pub action: String,
    /// ARN pattern; `{region}` and `{account}` are filled in.
    pub resource: String,
    pub only: Option<Condition>,
}

/// A condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub values: BTreeSet<String>,
}

impl From<Permission> for Grant {
    fn from(permission: Permission) -> Self {
        let only = permission.only.map(|only| Condition {
            operator: only.operator.into(),
            key: only.key.into(),
            values: only.values.iter().map(|value| (*value).to_owned()).collect(),
        });
        Self { action: permission.action.into(), resource: permission.resource.into(), only }
    }
}

/// What fills the `{account}` and `{region}` of ARN patterns; `*` where unknown. The partition is the
/// Region's, and `aws` where that is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fill<'a> {
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
}

impl Fill<'_> {
    fn fill(self, pattern: &str) -> String {
        let partition = self.region.map_or(partition::AWS, partition::of_region);
        partition
            .localized(pattern)
            .replace("{account}", self.account.unwrap_or("*"))
            .replace("{region}", self.region.unwrap_or("*"))
    }
}

/// Actions that share their resources and their condition are one statement.
pub fn document(grants: &BTreeSet<Grant>, fill: Fill<'_>) -> Value {
    type Only = Option<Condition>;
    let mut by_resource: BTreeMap<(String, Only), BTreeSet<&str>> = BTreeMap::new();
    for Grant { action, resource, only } in grants {
        let mut only = only.clone();
        if let Some(only) = &mut only {
            only.values = only.values.iter().map(|value| fill.fill(value)).collect();
        }
        by_resource.entry((fill.fill(resource), only)).or_default().insert(action);
    }
    // What is allowed on everything need not be listed again.
    let everywhere = by_resource.get(&("*".to_owned(), None)).cloned().unwrap_or_default();
    let mut by_actions: BTreeMap<(Vec<&str>, Only), Vec<String>> = BTreeMap::new();
    for ((resource, only), mut actions) in by_resource {
        if resource != "*" || only.is_some() {
            actions.retain(|action| !everywhere.contains(action));
        }
        if !actions.is_empty() {
            let actions = actions.into_iter().collect();
            by_actions.entry((actions, only)).or_default().push(resource);
        }
    }
    let mut statements: Vec<_> = by_actions
        .into_iter()
        .map(|((actions, only), resources)| (resources, actions, only))
        .collect();
    statements.sort();
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|(resources, actions, only)| {
            let mut statement = json!({ "Effect": "Allow", "Action": one_or_list(&actions), "Resource": one_or_list(&resources) });
            if let Some(Condition { operator, key, values }) = only {
                let values: Vec<_> = values.into_iter().collect();
                statement["Condition"] = json!({ operator: { key: one_or_list(&values) } });
            }
            statement
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn one_or_list<T: Serialize>(items: &[T]) -> Value {
    match items {
        [one] => json!(one),
        many => json!(many),
    }
}

/// A warning when IAM would not take the document as one managed policy.
pub fn too_large(policy: &Value) -> Option<String> {
    let size = size(policy);
    (size > MANAGED_LIMIT).then(|| {
        format!("the policy has {size} characters, and a managed policy at most {MANAGED_LIMIT}; split its statements over two policies")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::on;

    const FILL: Fill<'_> = Fill { account: Some("111122223333"), region: Some("eu-central-1") };
    const USER: &str = "arn:aws:iam::{account}:user/*";

    fn made(permissions: &[Permission], fill: Fill<'_>) -> Value {
        document(&permissions.iter().copied().map(Grant::from).collect(), fill)
    }

    #[test]
    fn statements_are_grouped_and_sorted() {
        let policy = made(
            &[
                on("iam:PutUserPolicy", USER),
                on("ec2:DescribeInstances", "*"),
                on("iam:GetUser", USER),
                on("ec2:DescribeInstances", USER),
            ],
            FILL,
        );
        assert_eq!(
            policy["Statement"],
            json!([
                { "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*" },
                { "Effect": "Allow", "Action": ["iam:GetUser", "iam:PutUserPolicy"], "Resource": "arn:aws:iam::111122223333:user/*" },
            ])
        );
    }

    #[test]
    fn a_condition_has_a_statement_of_its_own() {
        const ROLE: &str = "arn:aws:iam::{account}:role/*";
        let pass = on("iam:PassRole", ROLE);
        let to = |service| pass.only("StringEquals", "iam:PassedToService", service);
        let policy = made(
            &[to(&["fis.amazonaws.com"]), to(&["backup.amazonaws.com"]), on("iam:GetRole", ROLE)],
            FILL,
        );
        let statements = policy["Statement"].as_array().expect("statements");
        assert_eq!(statements.len(), 3, "{policy:#}");
        let passes: Vec<_> =
            statements.iter().filter(|one| one["Action"] == "iam:PassRole").collect();
        assert_eq!(
            passes[1]["Condition"],
            json!({ "StringEquals": { "iam:PassedToService": "fis.amazonaws.com" } })
        );
        assert!(passes.iter().all(|one| one["Condition"] != Value::Null));
    }

    #[test]
    fn what_is_unknown_is_a_star() {
        let arn = "arn:aws:ec2:{region}:{account}:instance/*";
        assert_eq!(Fill::default().fill(arn), "arn:aws:ec2:*:*:instance/*");
        for (region, want) in [
            ("us-gov-west-1", "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/*"),
            ("eusc-de-east-1", "arn:aws-eusc:ec2:eusc-de-east-1:111122223333:instance/*"),
            ("us-isob-east-1", "arn:aws-iso-b:ec2:us-isob-east-1:111122223333:instance/*"),
        ] {
            assert_eq!(Fill { region: Some(region), ..FILL }.fill(arn), want);
        }
    }

    #[test]
    fn what_no_managed_policy_can_hold_is_told() {
        assert_eq!(too_large(&json!("x".repeat(7_000))).map(|t| t.contains("7002")), Some(true));
        assert_eq!(too_large(&json!("x".repeat(6_000))), None);
    }
}
