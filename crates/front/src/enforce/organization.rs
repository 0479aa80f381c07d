//! The service control policies above an account, where the upstream has an organization.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>

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
    /// Resource control policies are in force, which are not read.
    pub has_rcp: bool,
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
    above.has_rcp = in_force(RCP);
    // "SCPs don't affect users or roles in the management account."
    // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    if management == account || !in_force(SCP) {
        return Ok(above);
    }
    let mut path = vec![account.to_owned()];
    while path.len() < DEEPEST {
        let child = json!({ "ChildId": path.last() });
        let parents = all(&session, "ListParents", child, "Parents").await.map_err(told)?;
        let Some(parent) = parents.first() else { break };
        path.extend(parent["Id"].as_str().map(str::to_owned));
        if parent["Type"] == "ROOT" {
            break;
        }
    }
    for target in path.iter().rev() {
        let params = json!({ "TargetId": target, "Filter": SCP });
        let listed = all(&session, "ListPoliciesForTarget", params, "Policies").await;
        let mut level = Vec::new();
        for policy in listed.map_err(told)? {
            let id = policy["Id"].as_str().unwrap_or_default();
            let told = ask(&session, "DescribePolicy", json!({ "PolicyId": id })).await;
            let told = told.map_err(|error| error.code)?;
            let text = told["Policy"]["Content"].as_str().unwrap_or_default();
            level.push(Policy::new(policy["Name"].as_str().unwrap_or(id), document(text)));
        }
        above.scp.push(level);
    }
    Ok(above)
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
