//! Have a person do something, and wait until they confirm that it is done.
//!
//! For work that no API does: calling the owner, pulling a cable, deciding. The run waits at the terminal;
//! if nobody can be asked, it stops and explains how to answer with `resume`. Who answered, and the
//! wording, are journaled. A "no" fails the step. The step's `owner` is the role that is asked.

use crate::{actions::kit::*, engine::Question};

/// Inputs of `core.manual`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manual {
    /// What to do, as an order to the person who does it.
    #[schemars(extend("writeOnly" = true))]
    pub instructions: String,
    /// What to note or keep as proof that it was done.
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    pub evidence: Option<String>,
}

impl Action for Manual {
    const SPEC: Spec = spec! {
        "core.manual": "Have a human do something and confirm it";
        Contain, irreversible;
        effects [AsksPerson];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let text = match &self.evidence {
            Some(evidence) => format!("{}\nNote in your answer: {evidence}", self.instructions),
            None => self.instructions.clone(),
        };
        step.ask(Question::new(step.id(), text)).await?;
        Ok(Nothing {})
    }
}
