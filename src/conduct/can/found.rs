//! The policies that are in force for a question, as far as they can be read, and as a plan would leave them. Owns what
//! is read, and what stays unread and why.

use std::collections::BTreeMap;

use backburn_policy::{Caller, Document, Kind, Policies, Policy, Request, Who};
use serde_json::Value;

use crate::{
    aws::{
        Aws,
        iam::{Grants, GrantsAre, GrantsTo},
        s3::BucketPolicy,
    },
    engine::{Class, Fact, World, is_open, plan::PlannedChange},
};

use super::{
    super::{Exit, Failure},
    Question,
};

/// Services without policies of resources that could give anything, and without resource control policies.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const NO_RESOURCE_POLICY: &[&str] = &[
    "autoscaling",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "ecs",
    "elasticloadbalancing",
    "fis",
    "guardduty",
    "iam",
    "rds",
];

/// The policies that were found.
#[derive(Default)]
pub(super) struct Found {
    pub policies: Policies,
    /// What of a kind could not be read, and why.
    pub unread: Vec<String>,
}

impl Found {
    fn unseen(&mut self, kind: Kind, why: impl Into<String>) {
        self.policies.unseen.insert(kind);
        self.unread.push(format!("{kind}: {}", why.into()));
    }

    pub(super) async fn of_caller(
        &mut self,
        aws: &Aws,
        caller: &Caller,
    ) -> Result<Option<GrantsAre>, Failure> {
        let of = match caller.who() {
            Who::User(path) => GrantsTo::User(path.rsplit('/').next().unwrap_or(path).to_owned()),
            Who::Role(_) | Who::Session { .. } => {
                GrantsTo::Role(caller.role().unwrap_or_default().to_owned())
            }
            Who::Federated(_) | Who::Account => {
                self.unseen(Kind::Identity, "the principal does not tell whose they are");
                self.unseen(Kind::Session, "IAM keeps none");
                return Ok(None);
            }
            _ => return Ok(None),
        };
        if caller.account() != Some(&aws.scope().account) {
            for kind in [Kind::Identity, Kind::Boundary] {
                self.unseen(kind, "the principal is of another account");
            }
            return Ok(None);
        }
        if matches!(caller.who(), Who::Session { .. }) {
            self.unseen(Kind::Session, "IAM does not keep what a session was given");
        }
        match (Grants { of }).read(aws).await {
            Ok(are) => {
                let policies = are.policies.iter();
                self.policies.identity =
                    policies.map(|(name, value)| policy(name, value)).collect();
                self.policies.boundary =
                    are.boundary.as_ref().map(|(arn, value)| vec![policy(arn, value)]);
                Ok(Some(are))
            }
            Err(e) if e.class == Class::Gone => Err(Failure::new(
                Exit::Usage,
                format!("there is no `{caller}` in this account: {e}"),
            )),
            Err(e) if e.class == Class::Denied => {
                for kind in [Kind::Identity, Kind::Boundary] {
                    self.unseen(kind, e.to_string());
                }
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    pub(super) async fn of_resource(
        &mut self,
        aws: &Aws,
        question: &Question,
    ) -> Result<(), Failure> {
        let (service, resource) = (service(&question.action), question.resource.as_str());
        let read = if service == "sts" && resource.contains(":role/") {
            if Request::owner(resource) != Some(&aws.scope().account) {
                self.unseen(Kind::Resource, "the role is of another account");
                return Ok(());
            }
            let of = GrantsTo::Role(resource.rsplit('/').next().unwrap_or_default().to_owned());
            Grants { of }.read(aws).await.map(|are| are.trust)
        } else if let Some(bucket) = bucket(resource) {
            BucketPolicy { bucket: bucket.to_owned() }.read(aws).await
        } else {
            if resource != "*" && !NO_RESOURCE_POLICY.contains(&service.as_str()) {
                self.unseen(Kind::Resource, format!("those of `{service}` are not read"));
            }
            return Ok(());
        };
        match read {
            Ok(document) => {
                self.policies.resource = document.as_ref().map(|value| policy(resource, value));
                Ok(())
            }
            Err(e) if e.class == Class::Gone => {
                Err(Failure::new(Exit::Usage, format!("there is no `{resource}`: {e}")))
            }
            Err(e) if e.class == Class::Denied => {
                self.unseen(Kind::Resource, e.to_string());
                Ok(())
            }
            Err(e) => Err(e.into()),
        }
    }

    pub(super) fn of_organization(&mut self, aws: &Aws, caller: &Caller, question: &Question) {
        // An account of the lab has none, unless somebody made one there.
        if aws.is_here("iam") {
            return;
        }
        if caller.account().is_some() {
            self.unseen(Kind::Scp, "Organizations is not read");
        }
        if !NO_RESOURCE_POLICY.contains(&service(&question.action).as_str()) {
            self.unseen(Kind::Rcp, "Organizations is not read");
        }
    }

    /// Makes the policies those that a plan would leave. Returns what else it changes of the principal.
    pub(super) fn apply<'a>(
        &mut self,
        changes: impl Iterator<Item = &'a PlannedChange>,
        account: &str,
        caller: &Caller,
        question: &Question,
    ) -> Vec<String> {
        let name = match caller.who() {
            Who::User(path) => path.rsplit('/').next(),
            _ => caller.role(),
        };
        let name = name.filter(|_| caller.account() == Some(account)).unwrap_or_default();
        let own = if matches!(caller.who(), Who::User(_)) {
            "iam.user-policy"
        } else {
            "iam.role-policy"
        };
        let mut identity: BTreeMap<String, Policy> =
            self.policies.identity.drain(..).map(|policy| (policy.name.clone(), policy)).collect();
        let mut beside = Vec::new();
        for change in changes {
            let (kind, target, after) =
                (change.place.kind.as_str(), change.place.target.as_str(), &change.after);
            let resource = match kind {
                "iam.trust-policy" => {
                    service(&question.action) == "sts"
                        && question.resource.rsplit('/').next() == Some(target)
                }
                "s3.bucket-policy" => bucket(&question.resource) == Some(target),
                _ => false,
            };
            if resource {
                self.policies.resource = (!after.is_null()).then(|| policy(target, after));
                self.open(Kind::Resource, kind, target, after);
            } else if let Some(of_name) =
                target.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'))
                && kind == own
                && !name.is_empty()
            {
                match after.is_null() {
                    true => drop(identity.remove(of_name)),
                    false => drop(identity.insert(of_name.to_owned(), policy(of_name, after))),
                }
                self.open(Kind::Identity, kind, target, after);
            } else if !name.is_empty()
                && kind.starts_with("iam.")
                && target.split('/').next() == Some(name)
            {
                beside.push(format!("{kind} {target}"));
            }
        }
        self.policies.identity = identity.into_values().collect();
        beside
    }

    fn open(&mut self, of: Kind, kind: &str, target: &str, after: &Value) {
        if is_open(after) {
            self.unseen(of, format!("{kind} {target} is known only after the run"));
        }
    }
}

fn policy(name: &str, document: &Value) -> Policy {
    Policy::new(name, Document::from_value(document))
}

fn service(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// The bucket of an ARN of S3.
fn bucket(arn: &str) -> Option<&str> {
    let rest = arn.strip_prefix("arn:")?.split_once(":s3:::")?.1;
    rest.split('/').next()
}
