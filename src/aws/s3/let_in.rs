//! Whom the policy of a bucket lets in from elsewhere. Owns that read and what the evaluator says of it: what comes of it
//! is a warning, so a policy that may not be read is no error.

use backburn_policy::{
    Answer, Caller, Context, Document, Effect, Policies, Policy, Request, Who, evaluate,
};
use serde_json::{Value, json};

use super::{BucketPolicy, permissions::*};
use crate::aws::kit::*;

fact! {
    /// Who of other accounts is let in by a bucket's policy, once the public is not: principals as text, with what
    /// it depends on. `None` where the policy cannot be read.
    pub struct LetIn {
        pub bucket: String,
    }
    "s3.let-in" = Option<Vec<String>>, target "{bucket}";
    reads [GET_BUCKET_POLICY];
}

impl Fact<Aws> for LetIn {
    async fn read(&self, aws: &Aws) -> Result<Option<Vec<String>>, CallError> {
        let Ok(policy) = (BucketPolicy { bucket: self.bucket.clone() }).read(aws).await else {
            return Ok(None);
        };
        let own = &aws.scope().account;
        let arn = format!("arn:{}:s3:::{}", aws.partition(), self.bucket);
        Ok(Some(policy.map_or_else(Vec::new, |policy| let_in(&policy, &arn, own))))
    }
}

/// With all switches of its block on, a bucket whose policy is public lets in nobody of another account:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn let_in(policy: &Value, arn: &str, own: &str) -> Vec<String> {
    let document = Document::from_value(policy);
    let mut found = Vec::new();
    for statement in document.statements().iter().filter(|one| one.effect() == Some(Effect::Allow))
    {
        for entry in statement.principals() {
            let Ok(who) = Caller::parse(&entry.text) else { continue };
            // Services act for somebody, whom conditions name.
            if who.account() == Some(own) || *who.who() == Who::Service {
                continue;
            }
            let samples = samples(statement.actions(), statement.resources(), arn);
            let mut answers = samples.iter().map(|(action, resource)| {
                let mut request = Request::new(who.clone(), action, resource, Context::partial());
                request.resource_account = Some(own.into());
                judged(&document, request.with_derived())
            });
            let Some(text) = answers.find_map(|answer| answer) else { continue };
            if *who.who() == Who::Anonymous {
                if text.is_empty() {
                    return Vec::new();
                }
                continue;
            }
            found.push(format!("`{who}`{text}"));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// `None` for a request that is denied; else on what it depends.
fn judged(document: &Document, request: Request) -> Option<String> {
    let everything = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
    let policies = Policies {
        identity: vec![Policy::new("everything", Document::from_value(&everything))],
        resource: Some(Policy::new("bucket policy", document.clone())),
        ..Policies::default()
    };
    let decision = evaluate(&request, &policies);
    match decision.answer {
        Answer::Allowed => Some(String::new()),
        Answer::Unknown => {
            let missing: Vec<_> = decision.missing.iter().map(ToString::to_string).collect();
            Some(format!(", depending on {}", missing.join(", ")))
        }
        _ => None,
    }
}

/// Requests that the patterns of a statement stand for.
fn samples(actions: &[String], resources: &[String], arn: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let actions: Vec<String> = match actions {
        [] => vec!["s3:GetObject".into()],
        some => some.iter().map(|pattern| action(pattern)).collect(),
    };
    let plain = |pattern: &String| match pattern.as_str() {
        "*" => format!("{arn}/x"),
        other => other.replace(['*', '?'], "x"),
    };
    for action in &actions {
        match resources {
            [] => found.push((action.clone(), format!("{arn}/x"))),
            some => found.extend(some.iter().map(|pattern| (action.clone(), plain(pattern)))),
        }
    }
    found
}

/// An action that a pattern matches.
fn action(pattern: &str) -> String {
    match pattern.to_ascii_lowercase().as_str() {
        "*" | "s3:*" | "s3:get*" | "s3:*object" => "s3:GetObject".into(),
        _ => pattern.replace(['*', '?'], "x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: Value) -> Vec<String> {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let_in(&policy, "arn:aws:s3:::b", "123456789012")
    }

    fn allow(principal: &str) -> Value {
        json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/reports/*" })
    }

    #[test]
    fn other_accounts_are_named() {
        assert_eq!(policy(json!([allow("999988887777")])), ["`999988887777`"]);
        assert!(policy(json!([allow("123456789012")])).is_empty());
        assert!(policy(json!([allow("999988887777"), { "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }])).is_empty());
        let mut depends = allow("arn:aws:iam::999988887777:role/r");
        depends["Condition"] = json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } });
        let found = policy(json!([depends]));
        assert!(found[0].ends_with("depending on the value of `aws:SourceVpce`"), "{found:?}");
    }

    #[test]
    fn a_public_policy_is_shut_as_a_whole() {
        assert!(policy(json!([allow("999988887777"), allow("*")])).is_empty());
        let mut within = allow("*");
        within["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
        assert_eq!(policy(json!([allow("999988887777"), within])), ["`999988887777`"]);
    }
}
