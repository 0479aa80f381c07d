//! Begin the response of a drill: take the inputs of its playbook and note the time.
//!
//! A drill adds this step by itself before the steps of its response, which read their inputs from
//! it. In a simulation it is written as `respond`.
//!
//! With `detected`, it fails where none of it is true: nobody was told, so nobody answers.
//!
//! ```yaml
//! respond:
//!   uses: drill.begin-response
//!   with:
//!     playbook: ../playbooks/ec2-compromise.yaml
//!     inputs: { instance: "${{ steps.target.instance }}" }
//! ```

use serde_json::{Map, Value};

use crate::actions::kit::*;

/// Inputs of `drill.begin-response`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BeginResponse {
    /// The playbook that answers.
    #[allow(dead_code, reason = "for people who read the plan")]
    pub playbook: String,
    /// Inputs of that playbook, by name.
    pub inputs: Map<String, Value>,
    /// Whether each detection that the response waits for came; null for one that has no outcome yet.
    #[serde(default)]
    pub detected: Option<Vec<Value>>,
}

/// When the response began, and with what.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Begun {
    /// RFC 3339, by AWS's clock.
    pub at: String,
    /// As given.
    pub inputs: Map<String, Value>,
}

impl Action for BeginResponse {
    const SPEC: Spec = spec! {
        "drill.begin-response": "Begin the response of a drill";
        Verify;
    };
    type Output = Begun;

    async fn run(&self, step: &Step<Aws>) -> Result<Begun, StepError> {
        let came = |detected: &Vec<Value>| detected.contains(&Value::Bool(true));
        if !step.planning() && self.detected.as_ref().is_some_and(|detected| !came(detected)) {
            let text = "nothing was detected, so nobody was called: the response did not start";
            return Err(StepError::Failed(text.into()));
        }
        let at = step.moment(std::time::Duration::ZERO).await?;
        Ok(Begun { at, inputs: self.inputs.clone() })
    }
}
