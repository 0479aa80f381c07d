//! Make a role for a drill: for a service such as FIS, or for whom a trust policy names.
//!
//! Give one of `service` and `trust`. The role is named after run and step unless `name` says otherwise,
//! has the path `/backburn/`, and is waited for until IAM shows it with all its policies. A role of that
//! name that this run did not make is never touched.
//!
//! Release deletes the role with every policy that is on it by then.
//!
//! ```yaml
//! fis-role:
//!   uses: iam.create-role
//!   with:
//!     service: fis.amazonaws.com
//!     managed-policies:
//!       - arn:aws:iam::aws:policy/service-role/AWSFaultInjectionSimulatorEC2Access
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    actions::{kit::*, naming},
    aws::{
        iam::{OwnedRole, Policies},
        owned::Made,
    },
    playbook::types::{Arn, RoleName},
};

/// Inputs of `iam.create-role`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateRole {
    /// `backburn-RUN-STEP` when left out.
    #[serde(default)]
    pub name: Option<RoleName>,
    /// The service that may assume the role, such as `fis.amazonaws.com`.
    #[serde(default)]
    pub service: Option<String>,
    /// A whole trust policy.
    #[serde(default)]
    pub trust: Option<BTreeMap<String, Value>>,
    /// Inline policy documents by name.
    #[serde(default)]
    pub policies: BTreeMap<String, BTreeMap<String, Value>>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub managed_policies: Vec<Arn>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Outputs of `iam.create-role`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RoleMade {
    /// Name of the role.
    pub role: String,
    pub arn: String,
}

impl Action for CreateRole {
    const SPEC: Spec = spec! {
        "iam.create-role": "Make a role for a drill";
        Recover;
        uses [setting OwnedRole];
    };
    type Output = RoleMade;

    async fn run(&self, step: &Step<Aws>) -> Result<RoleMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = match &self.name {
            Some(name) => name.to_string(),
            None => naming::own(step, 64),
        };
        let role = OwnedRole {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            trust: self.trust_policy()?,
            policies: policies(&self.policies, &self.managed_policies),
            tags: self.tags.clone(),
        };
        let asked = json!({ "trust": role.trust, "policies": role.policies, "tags": role.tags });
        let made = step.set(role, Made::wanted(asked)).await?;
        let arn = Made::id_of(made.as_ref(), &format!("ARN of {name}"));
        Ok(RoleMade { role: naming::shown(step, &name), arn })
    }
}

/// As the settings of principals have them.
pub(super) fn policies(
    inline: &BTreeMap<String, BTreeMap<String, Value>>,
    managed: &[Arn],
) -> Policies {
    let inline = inline.iter().map(|(name, document)| (name.clone(), json!(document)));
    let managed: BTreeSet<_> = managed.iter().map(ToString::to_string).collect();
    Policies { inline: inline.collect(), managed }
}

impl CreateRole {
    fn trust_policy(&self) -> Result<Value, StepError> {
        match (&self.service, &self.trust) {
            (Some(service), None) => Ok(json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": service },
                    "Action": "sts:AssumeRole",
                }],
            })),
            (None, Some(trust)) => Ok(json!(trust)),
            _ => Err(StepError::Refused(
                "give one of `service` and `trust`: who may assume the role".into(),
            )),
        }
    }
}
