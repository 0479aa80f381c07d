//! The verdict on a trail: that it logs, and that what it logs arrives. Owns what may be concluded from
//! its status, its selectors and its bucket's policy. Reads nothing.

use serde_json::Value;

use super::writes::{Writes, lets_write};
use crate::{
    aws::cloudtrail::{Delivered, LeftOut, Recorded},
    engine::{Scope, Verdict},
};

/// What was read, or why it could not be.
pub(super) struct Seen<'a> {
    pub delivered: &'a Delivered,
    pub recorded: Result<&'a Recorded, &'a str>,
    /// `None`: no policy, or no such bucket.
    pub policy: Result<Option<&'a Value>, &'a str>,
}

/// Every path that is open makes it `failed`; what could not be seen, or is open by design, `presumed`.
pub(super) fn verdict(seen: &Seen<'_>, scope: &Scope) -> Verdict {
    let (mut failed, mut presumed) = (Vec::new(), Vec::new());
    let delivered = seen.delivered;
    if !delivered.logging {
        failed.push("its status is not logging".to_owned());
    }
    if let Some(error) = &delivered.error {
        failed.push(format!(
            "its last delivery failed with `{error}`: look at its bucket and its key"
        ));
    }
    if let Some(error) = &delivered.digest_error {
        presumed.push(format!("its last digest file could not be delivered: `{error}`"));
    }
    match seen.recorded {
        Err(why) => {
            presumed.push(format!("its selectors, Regions, bucket and key cannot be read: {why}"));
        }
        Ok(recorded) => {
            for out in &recorded.left_out {
                match out {
                    LeftOut::Writes => failed.push(
                        "its event selectors leave out management events that change something"
                            .into(),
                    ),
                    LeftOut::Reads => presumed.push(
                        "its event selectors leave out management events that only read".into(),
                    ),
                    LeftOut::Some(what) => {
                        presumed.push(format!("its event selectors leave out {what}"));
                    }
                }
            }
            if !recorded.multi_region {
                presumed.push(format!(
                    "it records {} alone, and no other Region",
                    recorded.arn.split(':').nth(3).unwrap_or("its own Region")
                ));
            }
            match delivered.arrived() {
                true => arrives(seen, recorded, scope, &mut presumed),
                false => delivers(seen, recorded, scope, &mut failed, &mut presumed),
            }
        }
    }
    match (failed.is_empty(), presumed.is_empty()) {
        (false, _) => Verdict::Failed { reason: failed.join("; ") },
        (true, false) => Verdict::Presumed { reason: presumed.join("; ") },
        (true, true) => Verdict::Proven,
    }
}

/// Where log files arrive: whoever could stop a trail could also point it to a bucket or a key of their own.
/// A bucket is read as this account's; that of a log archive account cannot be told from an attacker's here.
fn arrives(seen: &Seen<'_>, recorded: &Recorded, scope: &Scope, presumed: &mut Vec<String>) {
    let bucket = &recorded.bucket;
    if let Err(why) = seen.policy {
        presumed.push(format!(
            "log files arrive in bucket `{bucket}`, of which it cannot be seen whether it is yours: {why}"
        ));
    }
    let foreign = recorded.key.as_deref().filter(|key| {
        let account = key.split(':').nth(4).unwrap_or_default();
        !account.is_empty() && account != scope.account
    });
    if let Some(key) = foreign {
        presumed.push(format!("log files are encrypted with `{key}`, a key of another account"));
    }
}

/// Whether log files can arrive, where none has since logging was started: CloudTrail delivers every five
/// minutes or so.
fn delivers(
    seen: &Seen<'_>,
    recorded: &Recorded,
    scope: &Scope,
    failed: &mut Vec<String>,
    presumed: &mut Vec<String>,
) {
    let bucket = &recorded.bucket;
    match seen.policy {
        Err(why) => {
            presumed.push(format!("the policy of its bucket `{bucket}` cannot be read: {why}"));
        }
        Ok(None) => failed.push(format!(
            "its bucket `{bucket}` is not there or has no policy, so CloudTrail cannot write to it"
        )),
        Ok(Some(policy)) => match lets_write(policy, recorded, scope) {
            Writes::Yes => {}
            Writes::No(why) => failed.push(format!("the policy of its bucket `{bucket}` {why}")),
            Writes::Unknown(why) => {
                presumed.push(format!("the policy of its bucket `{bucket}` {why}"));
            }
        },
    }
    if let Some(key) = &recorded.key {
        presumed.push(format!(
            "log files are encrypted with `{key}`, and none has arrived yet since logging was started: whether the key is enabled and lets CloudTrail use it is not known"
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main";

    fn recorded() -> Recorded {
        Recorded {
            arn: ARN.into(),
            multi_region: true,
            organization: false,
            bucket: "logs".into(),
            prefix: String::new(),
            key: None,
            left_out: Vec::new(),
        }
    }

    fn scope() -> Scope {
        Scope {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            principal: "arn:aws:iam::123456789012:user/x".into(),
        }
    }

    fn logging() -> Delivered {
        Delivered { logging: true, started: Some(100), ..Delivered::default() }
    }

    fn policy(more: &[Value]) -> Value {
        let allow = json!({
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/AWSLogs/123456789012/*",
            "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": ARN } },
        });
        let all: Vec<_> = std::iter::once(allow).chain(more.iter().cloned()).collect();
        json!({ "Version": "2012-10-17", "Statement": all })
    }

    fn judged(delivered: &Delivered, recorded: &Recorded, policy: Option<&Value>) -> Verdict {
        verdict(&Seen { delivered, recorded: Ok(recorded), policy: Ok(policy) }, &scope())
    }

    #[test]
    fn all_paths_closed_is_proven() {
        assert_eq!(judged(&logging(), &recorded(), Some(&policy(&[]))), Verdict::Proven);
    }

    /// One path each is open.
    #[test]
    fn one_open_path_is_not_proven() {
        let good = policy(&[]);
        let is = |delivered: Delivered, recorded: Recorded, word: &str, about: &str| {
            let verdict = judged(&delivered, &recorded, Some(&good));
            assert_eq!(verdict.word(), word, "{verdict:?}");
            let reason = match verdict {
                Verdict::Failed { reason } | Verdict::Presumed { reason } => reason,
                Verdict::Proven => String::new(),
            };
            assert!(reason.contains(about), "{reason}");
        };
        is(Delivered { logging: false, ..logging() }, recorded(), "failed", "not logging");
        let error = Delivered { error: Some("AccessDenied".into()), ..logging() };
        is(error, recorded(), "failed", "AccessDenied");
        let digest = Delivered { digest_error: Some("AccessDenied".into()), ..logging() };
        is(digest, recorded(), "presumed", "digest");
        let out = |what: LeftOut| Recorded { left_out: vec![what], ..recorded() };
        is(logging(), out(LeftOut::Writes), "failed", "event selectors");
        is(logging(), out(LeftOut::Reads), "presumed", "event selectors");
        is(logging(), out(LeftOut::Some("events of kms".into())), "presumed", "of kms");
        is(
            logging(),
            Recorded { multi_region: false, ..recorded() },
            "presumed",
            "us-east-1 alone",
        );
        let key = Recorded { key: Some("arn:aws:kms:x".into()), ..recorded() };
        is(logging(), key.clone(), "presumed", "arn:aws:kms:x");
        // What has arrived was encrypted.
        let arrived = Delivered { at: Some(101), ..logging() };
        assert_eq!(judged(&arrived, &key, None), Verdict::Proven);
        let theirs = Some("arn:aws:kms:us-east-1:999988887777:key/k".into());
        is(arrived.clone(), Recorded { key: theirs, ..recorded() }, "presumed", "another account");
        let recorded = recorded();
        let seen = Seen { delivered: &arrived, recorded: Ok(&recorded), policy: Err("denied") };
        assert_eq!(verdict(&seen, &scope()).word(), "presumed", "whose bucket is it?");
    }

    /// A deny of some of the log files stops those, and case counts in the name of a trail.
    #[test]
    fn a_deny_of_some_log_files_and_the_name_of_another_trail_are_no_proof() {
        let account = scope().account;
        for resource in [
            "arn:aws:s3:::logs/*.json.gz".to_owned(),
            format!("arn:aws:s3:::logs/AWSLogs/{account}/CloudTrail/*/*"),
            format!("arn:aws:s3:::logs/AWSLogs/{account}/CloudTrail/us-east-1/*"),
            "arn:aws:s3:::logs/AWSLogs/${aws:SourceAccount}/CloudTrail/*".to_owned(),
        ] {
            let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": resource });
            let found = judged(&logging(), &recorded(), Some(&policy(&[deny])));
            assert_ne!(found, Verdict::Proven, "{resource}");
        }
        let case = policy(&[]).to_string().replace(ARN, &ARN.to_uppercase());
        let other: Value = serde_json::from_str(&case).expect("JSON");
        assert_ne!(judged(&logging(), &recorded(), Some(&other)), Verdict::Proven);
    }

    #[test]
    fn a_bucket_that_takes_nothing_is_no_proof() {
        assert_eq!(judged(&logging(), &recorded(), None).word(), "failed");
        let none = json!({ "Statement": [] });
        assert_eq!(judged(&logging(), &recorded(), Some(&none)).word(), "failed");
        let deny = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*",
        });
        assert_eq!(
            judged(&logging(), &recorded(), Some(&policy(std::slice::from_ref(&deny)))).word(),
            "failed"
        );
        let with = |condition: Value| {
            let mut deny = deny.clone();
            deny["Condition"] = condition;
            judged(&logging(), &recorded(), Some(&policy(&[deny]))).word()
        };
        assert_eq!(with(json!({ "Bool": { "aws:SecureTransport": "false" } })), "proven");
        assert_eq!(with(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })), "presumed");
        let other = Recorded { bucket: "other".into(), ..recorded() };
        assert_eq!(judged(&logging(), &other, Some(&policy(&[]))).word(), "failed");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let delivered = logging();
        let recorded = recorded();
        let seen = Seen { delivered: &delivered, recorded: Err("denied"), policy: Err("denied") };
        let Verdict::Presumed { reason } = verdict(&seen, &scope()) else { panic!("presumed") };
        assert!(reason.contains("selectors, Regions, bucket and key"), "{reason}");
        let seen = Seen { recorded: Ok(&recorded), ..seen };
        let Verdict::Presumed { reason } = verdict(&seen, &scope()) else { panic!("presumed") };
        assert!(reason.contains("bucket `logs` cannot be read"), "{reason}");
    }
}
