//! Make an access key of a user that this run made. Its secret stays in the memory of this process:
//! no plan, journal, output or message has it, and it ends with the process.
//!
//! Steps of a drill's attack run as this key. A drill that was interrupted after this step cannot continue with
//! it: release it and run it again. If the interruption came during this step, resume creates a new key.
//!
//! Keys are created only for users that carry this run's tag, and release deletes them.
//!
//! ```yaml
//! leaked-key:
//!   uses: iam.create-access-key
//!   with:
//!     user: ${{ steps.victim.user }}
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>

use crate::{
    actions::kit::*,
    aws::{iam::AccessKey, owned::Made},
    playbook::types::UserName,
};

/// Inputs of `iam.create-access-key`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateAccessKey {
    /// A user that an earlier step of this run made.
    pub user: UserName,
}

/// Outputs of `iam.create-access-key`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct KeyMade {
    /// `AKIA...`; it is no secret.
    pub access_key_id: String,
}

impl Action for CreateAccessKey {
    const SPEC: Spec = spec! {
        "iam.create-access-key": "Make an access key of a drill's user";
        Recover;
        uses [setting AccessKey];
    };
    type Output = KeyMade;

    async fn run(&self, step: &Step<Aws>) -> Result<KeyMade, StepError> {
        let user = self.user.to_string();
        let key = AccessKey { user: user.clone(), run: step.run().into() };
        let made = step.set(key, Made::wanted(json!({ "user": user }))).await?;
        let access_key_id =
            Made::id_of(made.as_ref(), &format!("access key of step {}", step.id()));
        Ok(KeyMade { access_key_id })
    }
}
