//! Whether the policy of a trail's bucket lets CloudTrail write its log files. Owns which requests stand for
//! that; the evaluator judges them.

use backburn_policy::{
    Answer, Caller, Context, Decision, Document, Policies, Policy, Request, evaluate,
};
use serde_json::{Value, json};

use crate::{
    aws::{cloudtrail::Recorded, policy_document::listed},
    engine::Scope,
};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Writes {
    Yes,
    No(String),
    Unknown(String),
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
pub(super) fn lets_write(policy: &Value, recorded: &Recorded, scope: &Scope) -> Writes {
    let folder = folder(recorded, scope);
    let some = listed(&policy["Statement"])
        .iter()
        .filter(|one| one["Effect"] == "Deny" && hits_some(one, &folder))
        .any(|deny| may_hit_cloudtrail(policy, deny, recorded, &folder));
    let mut unknown = some.then(|| "has a deny that may hit some log files".to_owned());
    for file in files(&folder, recorded, scope) {
        let decision = judged(policy, recorded, &file);
        match decision.answer {
            Answer::Allowed => {}
            Answer::Unknown => {
                unknown.get_or_insert(format!("may not let CloudTrail write: {decision}"));
            }
            // An organization's trail has a folder for each account below one of its own.
            Answer::ImplicitlyDenied if recorded.organization => {
                unknown.get_or_insert("names the folders of an organization".into());
            }
            Answer::ImplicitlyDenied | Answer::ExplicitlyDenied => {
                let why = format!("does not let CloudTrail write log files: {decision}");
                return Writes::No(why);
            }
        }
    }
    unknown.map_or(Writes::Yes, Writes::Unknown)
}

/// Where the log files of this account are.
fn folder(recorded: &Recorded, scope: &Scope) -> String {
    let partition = recorded.arn.split(':').nth(1).filter(|p| !p.is_empty()).unwrap_or("aws");
    let prefix = match recorded.prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let Recorded { bucket, .. } = recorded;
    format!("arn:{partition}:s3:::{bucket}/{prefix}AWSLogs/{}/CloudTrail/", scope.account)
}

/// Log files as they are named, of each Region that stands for those that are recorded:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>
fn files(folder: &str, recorded: &Recorded, scope: &Scope) -> Vec<String> {
    let account = &scope.account;
    let others = ["us-east-1", "eu-west-1"].into_iter().filter(|_| recorded.multi_region);
    let regions = std::iter::once(scope.region.as_str()).chain(others);
    let named = |region: &str| {
        format!(
            "{folder}{region}/2026/11/30/{account}_CloudTrail_{region}_20261130T0305Z_a1b2c3d4e5f6g7h8.json.gz"
        )
    };
    regions.map(named).collect()
}

/// CloudTrail comes over TLS, gives the bucket's owner full control, and names the trail. Nothing else of
/// its request is known here.
fn judged(policy: &Value, recorded: &Recorded, file: &str) -> Decision {
    let account = recorded.arn.split(':').nth(4).unwrap_or_default();
    let context = Context::partial()
        .with("aws:SecureTransport", true)
        .with("s3:x-amz-acl", "bucket-owner-full-control")
        .with("aws:SourceArn", recorded.arn.as_str())
        .with("aws:SourceAccount", account);
    let service = Caller::parse(SERVICE).expect("the name of a service");
    let request = Request::new(service, "s3:PutObject", file, context);
    let request = Request { resource_account: Some(account.into()), ..request }.with_derived();
    let policies = Policies {
        resource: Some(Policy::new("bucket policy", Document::from_value(policy))),
        ..Policies::default()
    };
    evaluate(&request, &policies)
}

const SERVICE: &str = "cloudtrail.amazonaws.com";

/// Whether a deny may hit some log files and not others: those that hit all of them, or none, are seen in any
/// file.
fn hits_some(deny: &Value, folder: &str) -> bool {
    let patterns = |name: &str| {
        let all = listed(&deny[name]).iter().filter_map(Value::as_str);
        all.map(|pattern| (pattern, pattern.split(['*', '?', '$']).next().unwrap_or("")))
    };
    let is_all = |(pattern, begins): (&str, &str)| {
        pattern.strip_suffix('*') == Some(begins) && folder.starts_with(begins)
    };
    let meets =
        |(_, begins): (&str, &str)| begins.starts_with(folder) || folder.starts_with(begins);
    match deny.get("NotResource") {
        Some(_) => !patterns("NotResource").any(is_all) && patterns("NotResource").any(meets),
        None => patterns("Resource").any(|one| meets(one) && !is_all(one)),
    }
}

/// Whether it would hit CloudTrail, if it were of every object.
fn may_hit_cloudtrail(policy: &Value, deny: &Value, recorded: &Recorded, folder: &str) -> bool {
    let mut everywhere = deny.clone();
    if let Some(statement) = everywhere.as_object_mut() {
        statement.shift_remove("NotResource");
    }
    everywhere["Resource"] = "*".into();
    let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    let mut alone = policy.clone();
    alone["Statement"] = json!([allow, everywhere]);
    judged(&alone, recorded, &format!("{folder}x")).answer != Answer::Allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/main";
    const FILES: &str = "arn:aws:s3:::logs/AWSLogs/123456789012/CloudTrail";

    fn of(multi_region: bool, allowed: &str, deny: Option<Value>) -> Writes {
        let allow = json!({
            "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": "s3:PutObject",
            "Resource": allowed, "Condition": { "StringEquals": { "aws:SourceArn": ARN } },
        });
        let all: Vec<_> = [allow].into_iter().chain(deny).collect();
        let recorded = Recorded {
            arn: ARN.into(),
            multi_region,
            organization: false,
            bucket: "logs".into(),
            prefix: String::new(),
            key: None,
            left_out: Vec::new(),
        };
        let scope = Scope {
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            principal: "arn:aws:iam::123456789012:user/x".into(),
        };
        lets_write(&json!({ "Version": "2012-10-17", "Statement": all }), &recorded, &scope)
    }

    #[test]
    fn every_region_that_is_recorded_must_be_allowed() {
        let one = format!("{FILES}/eu-central-1/*");
        assert_eq!(of(false, &one, None), Writes::Yes);
        assert!(matches!(of(true, &one, None), Writes::No(_)));
        assert_eq!(of(true, &format!("{FILES}/*"), None), Writes::Yes);
        assert!(matches!(of(false, &format!("{FILES}/?"), None), Writes::No(_)), "no log file");
    }

    #[test]
    fn a_deny_counts_where_it_may_hit_cloudtrail() {
        let deny = |principal: Value, name: &str, resource: &str| {
            let mut one = json!({ "Effect": "Deny", "Principal": principal, "Action": "s3:*" });
            one[name] = resource.into();
            of(true, &format!("{FILES}/*"), Some(one))
        };
        let whoever = || json!("*");
        let other = json!({ "AWS": "arn:aws:iam::123456789012:role/clean-up" });
        assert_eq!(deny(other, "Resource", "arn:aws:s3:::logs/*.gz"), Writes::Yes);
        let some = deny(whoever(), "Resource", "arn:aws:s3:::logs/*/2027/*");
        assert!(matches!(some, Writes::Unknown(_)), "{some:?}");
        let all = deny(whoever(), "Resource", "arn:aws:s3:::logs/*");
        assert!(matches!(all, Writes::No(_)), "{all:?}");
        assert_eq!(deny(whoever(), "Resource", "arn:aws:s3:::logs/public/*"), Writes::Yes);
        assert_eq!(deny(whoever(), "NotResource", "arn:aws:s3:::logs/AWSLogs/*"), Writes::Yes);
        let but_some = deny(whoever(), "NotResource", &format!("{FILES}/*/2026/*"));
        assert!(!matches!(but_some, Writes::Yes), "{but_some:?}");
    }
}
