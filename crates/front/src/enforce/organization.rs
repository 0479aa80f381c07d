//! The policies of an organization above an account, where the upstream has one: what its principals may
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>), and who may
//! use its resources (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).

use backburn_policy::Policy;
use serde_json::{Value, json};

use super::account::{document, root};
use crate::{AwsError, Front, Session};

/// An organization has a root and at most five levels of units.
const DEEPEST: usize = 8;
const PAGES: usize = 20;
const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

/// What an organization says of an account.
#[derive(Default)]
pub(super) struct Above {
    /// Of its organization; `None` for an account outside any.
    pub organization: Option<String>,
    /// Of the root, of each unit and of the account.
    pub scp: Vec<Vec<Policy>>,
    /// The same for its resources.
    pub rcp: Vec<Vec<Policy>>,
    /// All accounts of the organization.
    pub accounts: Vec<String>,
}

/// Services of `actions.txt` whose actions resource control policies apply to, as the package of `tests/authorization.py`
/// has them from
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
const CONTROLLED: &[&str] = &[
    "autoscaling",
    "dynamodb",
    "ecr",
    "events",
    "firehose",
    "fis",
    "kms",
    "logs",
    "s3",
    "secretsmanager",
    "sqs",
    "sts",
    "wafv2",
];

/// Whether a resource control policy may deny an action. Grants of keys can always be retired.
pub(super) fn is_controlled(action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    CONTROLLED.contains(&service) && action != "kms:RetireGrant"
}

pub(super) async fn read(front: &Front, account: &str) -> Result<Above, String> {
    let own = root(front, account);
    let described = match ask(&own, "DescribeOrganization", json!({})).await {
        Ok(described) => described,
        Err(error) if is_none(&error) => return Ok(Above::default()),
        Err(error) => return Err(error.code),
    };
    let of = |name: &str| described["Organization"][name].as_str().map(str::to_owned);
    let mut above = Above { organization: of("Id"), ..Above::default() };
    let management = of("MasterAccountId").unwrap_or_default();
    let session = root(front, &management);
    let told = |error: AwsError| error.code;
    let roots = all(&session, "ListRoots", json!({}), "Roots").await.map_err(told)?;
    let in_force = |kind: &str| {
        roots
            .iter()
            .filter_map(|root| root["PolicyTypes"].as_array())
            .flatten()
            .any(|of| of["Type"] == kind && of["Status"] == "ENABLED")
    };
    // Without them only the owner of a bucket is not found.
    let listed = all(&session, "ListAccounts", json!({}), "Accounts").await.unwrap_or_default();
    let id = |account: &Value| account["Id"].as_str().map(str::to_owned);
    above.accounts = listed.iter().filter_map(id).collect();
    // "SCPs don't affect users or roles in the management account", "RCPs don't affect resources in the management account".
    // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    if management == account {
        return Ok(above);
    }
    let path = match in_force(SCP) || in_force(RCP) {
        true => path(&session, account).await.map_err(told)?,
        false => Vec::new(),
    };
    for target in path.iter().rev() {
        if in_force(SCP) {
            above.scp.push(level(&session, target, SCP).await.map_err(told)?);
        }
        if in_force(RCP) {
            above.rcp.push(level(&session, target, RCP).await.map_err(told)?);
        }
    }
    Ok(above)
}

/// The account, the units above it and the root.
async fn path(session: &Session, account: &str) -> Result<Vec<String>, AwsError> {
    let mut path = vec![account.to_owned()];
    while path.len() < DEEPEST {
        let child = json!({ "ChildId": path.last() });
        let parents = all(session, "ListParents", child, "Parents").await?;
        let Some(parent) = parents.first() else { break };
        path.extend(parent["Id"].as_str().map(str::to_owned));
        if parent["Type"] == "ROOT" {
            break;
        }
    }
    Ok(path)
}

/// The policies of a kind that are attached to one of these.
async fn level(session: &Session, target: &str, kind: &str) -> Result<Vec<Policy>, AwsError> {
    let params = json!({ "TargetId": target, "Filter": kind });
    let mut level = Vec::new();
    for policy in all(session, "ListPoliciesForTarget", params, "Policies").await? {
        let id = policy["Id"].as_str().unwrap_or_default();
        let told = ask(session, "DescribePolicy", json!({ "PolicyId": id })).await?;
        let text = told["Policy"]["Content"].as_str().unwrap_or_default();
        level.push(Policy::new(policy["Name"].as_str().unwrap_or(id), document(text)));
    }
    Ok(level)
}

/// No organization, or an upstream that cannot have one.
fn is_none(error: &AwsError) -> bool {
    error.is("AWSOrganizationsNotInUse")
        || error.status == 501
        || ["UnknownOperation", "InvalidAction", "UnrecognizedClient"]
            .iter()
            .any(|code| error.is(code))
}

async fn ask(session: &Session, operation: &str, params: Value) -> Result<Value, AwsError> {
    let target = format!("AWSOrganizationsV20161128.{operation}");
    session.json("organizations", &target, params).await
}

async fn all(
    session: &Session,
    operation: &str,
    mut params: Value,
    list: &str,
) -> Result<Vec<Value>, AwsError> {
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = ask(session, operation, params.clone()).await?;
        found.extend(page[list].as_array().cloned().unwrap_or_default());
        match &page["NextToken"] {
            Value::String(token) => params["NextToken"] = token.as_str().into(),
            _ => return Ok(found),
        }
    }
    Err(AwsError::internal("the organization's policies are too many"))
}
