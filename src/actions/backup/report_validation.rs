//! Report to AWS Backup whether a restore test succeeded. The result is shown in the job and in reports,
//! and AWS then deletes the restored resource.
//!
//! ```yaml
//! - id: verdict
//!   uses: backup.report-validation
//!   with:
//!     job: ${{ steps.test.job }}
//!     status: SUCCESSFUL
//!     message: every block is the same
//! ```
//!
//! AWS keeps it: release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-validation.html>

use crate::{
    actions::kit::*,
    aws::backup::{RestoreValidation, Validation},
};

/// Inputs of `backup.report-validation`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReportValidation {
    /// Id of the restore job.
    #[schemars(length(min = 1))]
    pub job: String,
    /// Whether it is good.
    pub status: Judged,
    /// Why.
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    pub message: Option<String>,
}

/// AWS's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Judged {
    Successful,
    Failed,
}

impl Judged {
    fn word(self) -> &'static str {
        match self {
            Self::Successful => "SUCCESSFUL",
            Self::Failed => "FAILED",
        }
    }
}

impl Action for ReportValidation {
    const SPEC: Spec = spec! {
        "backup.report-validation": "Report to AWS Backup whether a restore test succeeded";
        Verify, irreversible;
        uses [setting RestoreValidation];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let verdict =
            Validation { status: Some(self.status.word().into()), message: self.message.clone() };
        step.set(RestoreValidation { job: self.job.clone() }, verdict).await?;
        Ok(Nothing {})
    }
}
