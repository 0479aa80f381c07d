//! Make a user for a drill, such as the one whose key is about to leak.
//!
//! The user is named after run and step unless `name` says otherwise, has the path `/backburn/`, no
//! password and no key. A user of that name that this run did not make is never touched.
//!
//! Release deletes the user with every key, password and policy it has by then.
//!
//! ```yaml
//! victim:
//!   uses: iam.create-user
//!   with:
//!     policies:
//!       look-around:
//!         Version: "2012-10-17"
//!         Statement: [{ Effect: Allow, Action: "iam:ListUsers", Resource: "*" }]
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::create_role::policies;
use crate::{
    actions::{kit::*, naming},
    aws::{iam::OwnedUser, owned::Made},
    playbook::types::{Arn, UserName},
};

/// Inputs of `iam.create-user`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateUser {
    /// `backburn-RUN-STEP` when left out.
    #[serde(default)]
    pub name: Option<UserName>,
    /// Inline policy documents by name; together at most 2,048 characters.
    #[serde(default)]
    pub policies: BTreeMap<String, BTreeMap<String, Value>>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub managed_policies: Vec<Arn>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Outputs of `iam.create-user`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct UserMade {
    /// Name of the user.
    pub user: String,
    pub arn: String,
}

impl Action for CreateUser {
    const SPEC: Spec = spec! {
        "iam.create-user": "Make a user for a drill";
        Recover;
        uses [setting OwnedUser];
    };
    type Output = UserMade;

    async fn run(&self, step: &Step<Aws>) -> Result<UserMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = match &self.name {
            Some(name) => name.to_string(),
            None => naming::own(step, 64),
        };
        let user = OwnedUser {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            policies: policies(&self.policies, &self.managed_policies),
            tags: self.tags.clone(),
        };
        let asked = json!({ "policies": user.policies, "tags": user.tags });
        let made = step.set(user, Made::wanted(asked)).await?;
        let arn = Made::id_of(made.as_ref(), &format!("ARN of {name}"));
        Ok(UserMade { user: naming::shown(step, &name), arn })
    }
}
