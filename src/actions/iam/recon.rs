//! Ask who is calling and which users there are, as an intruder does first. Harmless.
//!
//! Meant for attack steps of a drill, which run as a key or role that the drill made: the two calls,
//! `sts:GetCallerIdentity` and `iam:ListUsers`, are what detections look for. A refusal is an answer,
//! `denied`, and fails nothing: after a containment it is what the drill wants to see.
//!
//! ```yaml
//! look-around:
//!   uses: iam.recon
//! ```

use crate::{actions::kit::*, aws::iam};

/// Inputs of `iam.recon`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recon {}

/// Outputs of `iam.recon`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// Users that were listed; 0 when that was refused.
    pub users: u64,
    /// The list was refused.
    pub denied: bool,
    /// ARN of the caller as STS has it; empty when its credentials are refused.
    pub principal: String,
    /// AWS's code of the refusal, such as `AccessDenied` or `InvalidClientTokenId`; empty without.
    pub refusal: String,
}

impl Action for Recon {
    const SPEC: Spec = spec! {
        "iam.recon": "Ask who is calling and which users there are";
        Verify;
        uses [fact iam::Recon];
    };
    type Output = Found;

    async fn run(&self, step: &Step<Aws>) -> Result<Found, StepError> {
        let seen = step.read(&iam::Recon).await?;
        Ok(Found {
            denied: seen.users.is_none(),
            users: seen.users.unwrap_or_default(),
            principal: seen.principal.unwrap_or_default(),
            refusal: seen.refusal.unwrap_or_default(),
        })
    }
}
