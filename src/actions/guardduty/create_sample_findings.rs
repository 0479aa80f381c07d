//! Create sample findings of the given types, to prove the delivery path from GuardDuty to its recipients.
//!
//! A sample proves the plumbing, not detection: it names resources that do not exist, and its title begins
//! with `[SAMPLE]`. Repeats of a finding are published every 6 hours by default: only the first of a type goes
//! to EventBridge at once. Release keeps them; the release of a drill archives them.
//!
//! ```yaml
//! samples:
//!   uses: guardduty.create-sample-findings
//!   with:
//!     detector: ${{ steps.guardduty.detector }}
//!     types: ["CryptoCurrency:EC2/BitcoinTool.B!DNS"]
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateSampleFindings.html>

use crate::{actions::kit::*, aws::guardduty};

/// Inputs of `guardduty.create-sample-findings`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateSampleFindings {
    /// Id of the detector.
    pub detector: String,
    /// Finding types, at most 50.
    #[schemars(length(min = 1, max = 50))]
    pub types: Vec<String>,
}

/// Outputs of `guardduty.create-sample-findings`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Samples {
    /// Ids of the findings.
    pub findings: Vec<String>,
}

impl Action for CreateSampleFindings {
    const SPEC: Spec = spec! {
        "guardduty.create-sample-findings": "Make sample findings, which prove plumbing and no detection";
        Verify;
        uses [operation guardduty::CreateSampleFindings];
    };
    type Output = Samples;

    async fn run(&self, step: &Step<Aws>) -> Result<Samples, StepError> {
        let mut types = self.types.clone();
        types.sort();
        types.dedup();
        if types.is_empty() || types.len() > 50 {
            return Err(StepError::Refused("give 1 to 50 finding types".into()));
        }
        let samples = guardduty::CreateSampleFindings { detector: self.detector.clone(), types };
        let findings = step.start(samples).await?.findings;
        Ok(Samples { findings })
    }
}
