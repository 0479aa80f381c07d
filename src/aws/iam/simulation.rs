//! What IAM's policy simulator answers for a principal. Owns the call and its answer; how far the
//! answer can be trusted is the actions' business.

use aws_sdk_iam::{
    config::retry::RetryConfig,
    types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType},
};

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// Decisions on `actions`, on all resources, under the policies that the principal has, by
    /// [`SimulatePrincipalPolicy`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
    pub struct Simulation {
        /// ARN of a user or role.
        pub principal: String,
        pub actions: Vec<String>,
        pub context: Vec<Context>,
    }
    "iam.simulation" = Vec<Decision>, target "{principal}";
    reads [Self::OF_ROLE[0], Self::OF_USER[0]];
}

/// A condition key of the simulated request.
#[derive(Clone, Debug, Serialize)]
pub enum Context {
    Text(String, String),
    /// RFC 3339.
    Date(String, String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub action: String,
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: String,
    /// Condition keys that a policy asks for and the simulation was not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Names of the policies whose statements decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
}

impl Decision {
    pub fn denies(&self) -> bool {
        self.decision == PolicyEvaluationDecisionType::ExplicitDeny.as_str()
    }
}

impl Context {
    fn entry(&self) -> ContextEntry {
        let (key, value, kind) = match self {
            Self::Text(key, value) => (key, value, ContextKeyTypeEnum::String),
            Self::Date(key, value) => (key, value, ContextKeyTypeEnum::Date),
        };
        let entry = ContextEntry::builder().context_key_name(key).context_key_values(value);
        entry.context_key_type(kind).build()
    }
}

impl Simulation {
    pub const OF_ROLE: &'static [Permission] = &[SIMULATE_PRINCIPAL_POLICY];
    pub const OF_USER: &'static [Permission] = &[SIMULATE_PRINCIPAL_POLICY.at(USERS)];
}

impl Fact<Aws> for Simulation {
    async fn read(&self, aws: &Aws) -> Result<Vec<Decision>, CallError> {
        // Local endpoints without a simulator answer 500, and will again.
        let attempts = if aws.is_here("iam") { 1 } else { 2 };
        let call = aws.iam().simulate_principal_policy().policy_source_arn(&self.principal);
        let call = call
            .set_action_names(Some(self.actions.clone()))
            .set_context_entries(Some(self.context.iter().map(Context::entry).collect()));
        let page = |marker| {
            let brief = aws_sdk_iam::config::Builder::new()
                .retry_config(RetryConfig::standard().with_max_attempts(attempts));
            call.clone().set_marker(marker).customize().config_override(brief).send()
        };
        let pages = Pages::new(SIMULATE_PRINCIPAL_POLICY, page).all().await?;
        let decision = |result: &aws_sdk_iam::types::EvaluationResult| Decision {
            action: result.eval_action_name().into(),
            decision: result.eval_decision().as_str().into(),
            missing: result.missing_context_values().to_vec(),
            matched: result
                .matched_statements()
                .iter()
                .filter_map(|matched| matched.source_policy_id.clone())
                .collect(),
        };
        Ok(pages.iter().flat_map(aws_sdk_iam::operation::simulate_principal_policy::SimulatePrincipalPolicyOutput::evaluation_results).map(decision).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn the_context_is_sent_and_the_decision_read() {
        let body = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>\
            <EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalDecision>explicitDeny</EvalDecision>\
            <MissingContextValues/></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
        let replay = Replay::default().xml("SimulatePrincipalPolicy", body);
        let simulation = Simulation {
            principal: "arn:aws:iam::123456789012:role/r".into(),
            actions: vec!["s3:GetObject".into()],
            context: vec![Context::Text("aws:userid".into(), "AROA1:i-1".into())],
        };
        let decisions = simulation.read(&aws(&replay)).await.expect("an answer");
        assert!(decisions.len() == 1 && decisions[0].denies(), "{decisions:?}");
        assert!(replay.seen()[0].body.contains("aws%3Auserid"), "{}", replay.seen()[0].body);
    }
}
