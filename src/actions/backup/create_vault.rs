//! Make a backup vault for a drill.
//!
//! It is encrypted under the key `aws/backup`, has no lock and no access policy, and carries the tags of
//! run and step.
//!
//! ```yaml
//! - id: vault
//!   uses: backup.create-vault
//! ```
//!
//! Release deletes the recovery points that are left in it, and then the vault. A vault of that name
//! that this run did not make is never touched.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html>

use std::collections::BTreeMap;

use super::own_name;
use crate::{
    actions::kit::*,
    aws::backup::{HeldVault, Vault},
};

/// The longest name of a vault.
const LONGEST: usize = 50;

/// Inputs of `backup.create-vault`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateVault {
    /// 2 to 50 letters, digits, hyphens and underscores; names the run when left out.
    #[serde(default)]
    #[schemars(regex(pattern = "^[a-zA-Z0-9_-]{2,50}$"))]
    pub name: Option<String>,
    /// Further tags of the vault.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Made {
    /// Name of the vault.
    pub vault: String,
    /// ARN of the vault.
    pub arn: String,
}

impl Action for CreateVault {
    const SPEC: Spec = spec! {
        "backup.create-vault": "Make a backup vault for a drill";
        Recover;
        uses [setting Vault];
    };
    type Output = Made;

    async fn run(&self, step: &Step<Aws>) -> Result<Made, StepError> {
        let own = || own_name(step.run(), step.id(), LONGEST);
        let name = self.name.clone().unwrap_or_else(own);
        let vault = Vault {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            tags: self.tags.clone(),
        };
        let made = step.set(vault, Some(HeldVault { arn: None })).await?;
        Ok(Made { vault: name, arn: HeldVault::arn_or_open(made.as_ref()) })
    }
}
