//! Roles that a call passes to a service, which asks for `iam:PassRole` on each. Owns the reading of the table of calls,
//! and the roles that a call names through another thing: a profile, a launch template, a task definition.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>

use std::collections::HashMap;
use std::sync::LazyLock;

use backburn_policy::Request;
use serde_json::{Value, json};

use super::account::Account;
use super::arn;
use super::needs::Needed;
use crate::wire::Xml;
use crate::{Call, Front};

/// `SERVICE OPERATION PARAMETER PASSED-TO`, a line each; a test holds it against AWS's service models.
pub(crate) const PASSES: &str = include_str!("passes.txt");
/// Roles of one call; more than any has.
const MOST: usize = 100;
const EC2: &str = "ec2.amazonaws.com";
const TASKS: &str = "ecs-tasks.amazonaws.com";

/// A parameter of a call, and the service that the role in it is passed to.
struct Pass {
    path: &'static str,
    is_profile: bool,
    to: &'static str,
}

fn passes(service: &str, operation: &str) -> &'static [Pass] {
    static TABLE: LazyLock<HashMap<String, Vec<Pass>>> = LazyLock::new(|| {
        let mut table: HashMap<String, Vec<Pass>> = HashMap::new();
        for line in PASSES.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            if let [service, operation, path, to] = words.as_slice() {
                let bare = path.trim_start_matches("profile:");
                let pass = Pass { path: bare, is_profile: bare != *path, to };
                table.entry(format!("{service} {operation}")).or_default().push(pass);
            }
        }
        table
    });
    TABLE.get(&format!("{service} {operation}")).map_or(&[], Vec::as_slice)
}

/// `iam:PassRole` on each role that the call passes.
pub(super) async fn of(front: &Front, call: &Call, account: &Account) -> Vec<Needed> {
    let mut found = Vec::new();
    for pass in passes(&call.service, &call.operation) {
        let parts: Vec<&str> = pass.path.split('.').collect();
        for value in at(&call.params, &parts).into_iter().take(MOST) {
            match pass.is_profile {
                true => found.extend(of_profile(account, value).map(|arn| needed(vec![arn], EC2))),
                false => found.extend(
                    value
                        .as_str()
                        .and_then(|name| Some(needed(role(call, account, name)?, pass.to))),
                ),
            }
        }
    }
    found.extend(through(front, call, account).await);
    found.dedup();
    found
}

fn needed(roles: Vec<String>, to: &str) -> Needed {
    // With which resource the role is associated, the call mostly does not tell.
    let to = (to != "?").then(|| ("iam:PassedToService".to_owned(), to.into()));
    Needed { keys: Some(to.into_iter().collect()), ..Needed::either("iam:PassRole".into(), roles) }
}

/// The values at a path; lists on the way are gone through.
fn at<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a Value> {
    match (value, path) {
        (Value::Array(items), _) => items.iter().flat_map(|item| at(item, path)).collect(),
        (value, []) => vec![value],
        (value, [name, rest @ ..]) => {
            value.get(*name).map_or_else(Vec::new, |in_it| at(in_it, rest))
        }
    }
}

/// A role by its ARN or its name. One that nobody has may have any path.
fn role(call: &Call, account: &Account, name: &str) -> Option<Vec<String>> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    match account.roles.get(bare) {
        _ if name.is_empty() => None,
        _ if name.starts_with("arn:") => Some(vec![name.to_owned()]),
        Some(role) => Some(vec![role.arn.clone()]),
        None => {
            let partition = arn::partition(call.region());
            let arn = format!("arn:{partition}:iam::{}:role/{bare}", call.account());
            Some(vec![arn, Request::SOME.to_owned()])
        }
    }
}

/// The role in an instance profile: `{"Name": ..}`, `{"Arn": ..}`, or either as text. A profile without a role passes none.
fn of_profile(account: &Account, profile: &Value) -> Option<String> {
    let name = profile.as_str().or_else(|| profile.get("Arn")?.as_str());
    let name = name.or_else(|| profile.get("Name")?.as_str())?;
    account.profiles.get(name).cloned()
}

/// What a call passes that names only the thing in which the role is.
async fn through(front: &Front, call: &Call, account: &Account) -> Vec<Needed> {
    let session = front.as_service(&call.scope);
    match (call.service.as_str(), call.operation.as_str()) {
        // "If you specify a parameter in the request, it overrides that of the template."
        // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
        ("ec2", "RunInstances") if call.params.get("IamInstanceProfile").is_none() => {
            let template = &call.params["LaunchTemplate"];
            let Some(template) = template.as_object() else { return Vec::new() };
            let mut params = json!({ "Version": ["$Default"] });
            for (name, value) in template {
                match name.as_str() {
                    "Version" => params["Version"] = json!([value]),
                    name => params[name] = value.clone(),
                }
            }
            // One that is not there makes no instance.
            let read = session.query("ec2", "DescribeLaunchTemplateVersions", params).await;
            let profile = |xml: Xml| {
                let profile = xml.find("launchTemplateData")?.get("iamInstanceProfile")?;
                Some(json!({
                    "Arn": profile.get("arn").map(|arn| arn.text.clone()),
                    "Name": profile.get("name").map(|name| name.text.clone()),
                }))
            };
            let profile = read.ok().and_then(profile);
            let role = profile.and_then(|profile| of_profile(account, &profile));
            role.map(|arn| needed(vec![arn], EC2)).into_iter().collect()
        }
        // Their bodies are XML.
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html,
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html
        ("s3", "PutBucketReplication") => in_body(call, account, "Role", "s3.amazonaws.com"),
        ("s3", "CreateJob") => {
            in_body(call, account, "RoleArn", "batchoperations.s3.amazonaws.com")
        }
        // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        ("ecs", "RunTask" | "StartTask") => {
            let target = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
            let params = json!({ "taskDefinition": call.params["taskDefinition"] });
            let Ok(told) = session.json("ecs", target, params).await else { return Vec::new() };
            let of = |name: &str| {
                let is_overridden = call.params["overrides"][name].is_string();
                let name = told["taskDefinition"][name].as_str().filter(|_| !is_overridden)?;
                Some(needed(role(call, account, name)?, TASKS))
            };
            ["taskRoleArn", "executionRoleArn"].into_iter().filter_map(of).collect()
        }
        _ => Vec::new(),
    }
}

fn in_body(call: &Call, account: &Account, name: &str, to: &str) -> Vec<Needed> {
    let body = Xml::parse(&String::from_utf8_lossy(&call.body));
    let found = body.as_ref().and_then(|body| body.find(name));
    let roles = found.and_then(|found| role(call, account, &found.text));
    roles.map(|roles| needed(roles, to)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_paths_go_through_lists() {
        let lines: Vec<&str> = PASSES.lines().skip(1).collect();
        assert!(lines.is_sorted() && lines.iter().all(|line| line.split(' ').count() == 4));
        assert_eq!(passes("lambda", "CreateFunction")[0].to, "lambda.amazonaws.com");
        assert!(passes("ec2", "RunInstances")[0].is_profile && passes("x", "y").is_empty());
        let params = json!({ "Targets": [{ "RoleArn": "a" }, {}, { "RoleArn": ["b", "c"] }] });
        assert_eq!(at(&params, &["Targets", "RoleArn"]), ["a", "b", "c"]);
        assert!(at(&params, &["Targets", "RoleArn", "x"]).is_empty());
    }
}
