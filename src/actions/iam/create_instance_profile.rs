//! Make an instance profile for a drill, with one role in it.
//!
//! It is named after run and step unless `name` says otherwise, has the path `/backburn/`, and holds the role under
//! which an instance of the drill runs. A profile of that name that this run did not make is never touched.
//!
//! Release takes the role out of it and deletes it.
//!
//! ```yaml
//! profile:
//!   uses: iam.create-instance-profile
//!   with:
//!     role: ${{ steps.role.role }}
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>

use std::collections::BTreeMap;

use crate::{
    actions::{kit::*, naming},
    aws::{iam::OwnedInstanceProfile, owned::Made},
    playbook::types::RoleName,
};

/// Inputs of `iam.create-instance-profile`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateInstanceProfile {
    /// `backburn-RUN-STEP` when left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    pub name: Option<String>,
    /// A role that an earlier step of this run made, by its name.
    pub role: RoleName,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Outputs of `iam.create-instance-profile`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileMade {
    /// Name of the profile.
    pub profile: String,
    pub arn: String,
}

impl Action for CreateInstanceProfile {
    const SPEC: Spec = spec! {
        "iam.create-instance-profile": "Make an instance profile for a drill";
        Recover;
        uses [setting OwnedInstanceProfile];
    };
    type Output = ProfileMade;

    async fn run(&self, step: &Step<Aws>) -> Result<ProfileMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = self.name.clone().unwrap_or_else(|| naming::own(step, 128));
        let profile = OwnedInstanceProfile {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            role: self.role.to_string(),
            tags: self.tags.clone(),
        };
        let asked = json!({ "role": profile.role, "tags": profile.tags });
        let made = step.set(profile, Made::wanted(asked)).await?;
        let arn = Made::id_of(made.as_ref(), &format!("ARN of {name}"));
        Ok(ProfileMade { profile: naming::shown(step, &name), arn })
    }
}
