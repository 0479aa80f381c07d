//! Keep every new invocation off a function, by a reservation of zero.
//!
//! Invocations that run continue, for 15 minutes at most. Asynchronous events wait in Lambda's queue for
//! up to six hours, and are delivered after release; event source mappings retry by their own rules. What
//! is in the function (code, role, environment) stays: revoke its role as well.
//!
//! Lambda refuses a reservation below the provisioned concurrency of the function. Such a function is
//! refused before anything is changed: take the provisioned concurrency off first.
//!
//! Release gives the reservation back as it was, also when there was none.
//!
//! ```yaml
//! throttle:
//!   uses: lambda.throttle-function
//!   with:
//!     function: ${{ inputs.function }}
//! ```
//!
//! Verdict: proven when the reservation reads back as zero.
//!
//! Paths read:
//! - new invocations: the reservation, by `GetFunctionConcurrency`
//!
//! Paths that no API shows:
//! - invocations that run, for 15 minutes at most
//! - copies of its code in other functions, and credentials that an invocation has handed on
//!
//! AWS: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>

use crate::{
    actions::kit::*,
    aws::lambda::{Provisioned, ReservedConcurrency},
    playbook::types::FunctionName,
};

/// Inputs of `lambda.throttle-function`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThrottleFunction {
    /// Name of the function, without version or alias: the reservation is the whole function's.
    pub function: FunctionName,
}

impl Action for ThrottleFunction {
    const SPEC: Spec = spec! {
        "lambda.throttle-function": "Keep every new invocation off a function";
        Contain, verdict;
        uses [fact Provisioned, setting ReservedConcurrency];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let name = self.function.as_str();
        match step.read(&Provisioned { function: name.into() }).await? {
            Some(0) => {}
            Some(warm) => {
                return Err(StepError::Refused(format!(
                    "function `{name}` has a provisioned concurrency of {warm}, and Lambda takes no reservation below it; delete its provisioned concurrency first"
                )));
            }
            None => {
                step.note("whether the function has provisioned concurrency is unknown here")
                    .await?;
            }
        }
        let setting = ReservedConcurrency { function: name.into() };
        let subject = format!("new invocations of function `{name}`");
        step.contain(&subject, setting, Some(0), "its reservation is not zero").await?;
        Ok(Nothing {})
    }
}
