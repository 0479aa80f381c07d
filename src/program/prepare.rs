//! From a checked playbook and an account to a plan. Owns what goes into the plan file; reads only.

use std::collections::HashMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    actions::policy,
    aws::Aws,
    engine::{
        self, AFTER_RUN, World,
        plan::{PlanState, PlannedStep, races},
    },
    journal::redact,
    playbook::Playbook,
};

use super::{
    Program,
    bind::{RunFactsOwned, bind},
    planfile::{FORMAT, PlanEntry, PlanFile, PlaybookRef},
};

pub use super::planfile::sources_sha256;

/// A playbook that compiled, with the inputs of one run.
pub struct Prepared {
    pub text: String,
    /// Texts of the files that it names, by name.
    pub files: IndexMap<String, String>,
    pub playbook: Playbook,
    pub program: Program,
    pub inputs: IndexMap<String, Value>,
}

impl Prepared {
    /// Values that must not be written or shown anywhere.
    pub fn secrets(&self) -> Vec<String> {
        let sensitive = self.playbook.inputs.iter().filter(|(_, input)| input.sensitive);
        let mut found = Vec::new();
        for (name, _) in sensitive {
            if let Some(value) = self.inputs.get(name) {
                strings(value, &mut found);
            }
        }
        found
    }

    /// What the run would do now in the account behind `aws`.
    pub async fn plan(&self, aws: &Aws, run: &str) -> PlanFile {
        let facts = RunFactsOwned { id: run.into(), started: AFTER_RUN.into() };
        let units = bind(&self.playbook, &self.program, self.inputs.clone(), facts);
        let mut steps = engine::plan(&units, aws.clone(), run).await;
        let order: HashMap<&str, usize> =
            self.program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
        steps.sort_by_cached_key(|step| {
            let (id, item) = item(&step.id);
            (order.get(id).copied(), item)
        });
        let refusals = self.races(&steps);
        let mut warnings = experiments(aws).await;
        if steps.iter().any(|step| matches!(step.state, PlanState::Open(_))) {
            warnings
                .push("steps marked `(known after run)` are shown as far as they can be".into());
        }
        let secrets = self.secrets();
        let actions: Vec<&str> = self.program.nodes().map(|node| node.uses.as_str()).collect();
        let plan = PlanFile {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            run: run.into(),
            playbook: PlaybookRef {
                id: self.playbook.id.value.clone(),
                title: self.playbook.title.clone(),
                version: self.playbook.version.to_string(),
                sha256: sources_sha256(&self.text, &self.files),
            },
            inputs: self
                .inputs
                .iter()
                .map(|(name, value)| (name.clone(), redact(value.clone(), &secrets)))
                .collect(),
            scope: aws.scope().clone(),
            endpoint: aws.endpoint().map(str::to_owned),
            local: aws.is_local(),
            steps: steps.into_iter().filter_map(|step| self.entry(step, &secrets)).collect(),
            permissions: policy::permissions(&actions),
            refusals,
            warnings,
            created: Timestamp::now(),
            sha256: String::new(),
        };
        plan.sealed()
    }

    fn entry(&self, step: PlannedStep, secrets: &[String]) -> Option<PlanEntry> {
        let node = self.program.get(parent(&step.id))?;
        Some(PlanEntry {
            uses: node.uses.clone(),
            title: node.title.clone(),
            phase: node.phase,
            owner: node.owner.clone(),
            responsibility: node.responsibility,
            // A plan is shown and kept, so it holds no secret either.
            step: step.redacted(secrets),
        })
    }

    fn races(&self, steps: &[PlannedStep]) -> Vec<String> {
        let ordered = |a: &str, b: &str| {
            let (a, b) = (parent(a), parent(b));
            a != b && (self.program.has_path(a, b) || self.program.has_path(b, a))
        };
        races(steps, ordered)
            .into_iter()
            .map(|race| {
                format!(
                    "steps `{}` and `{}` both write {} with no order between them; add `needs` to one",
                    race.first, race.second, race.place
                )
            })
            .collect()
    }
}

/// The step of a for-each's item.
pub fn parent(id: &str) -> &str {
    item(id).0
}

/// A step's id and, for an item of a for-each, which one.
pub fn item(id: &str) -> (&str, Option<usize>) {
    match id.strip_suffix(']').and_then(|id| id.split_once('[')) {
        Some((step, item)) => (step, item.parse().ok()),
        None => (id, None),
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Number(number) => found.push(number.to_string()),
        _ => {}
    }
}

/// A running FIS experiment may be the whole incident, and its stop would undo a containment:
/// <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiments.html>.
async fn experiments(aws: &Aws) -> Vec<String> {
    use aws_sdk_fis::types::ExperimentStatus as Status;
    let running = |status: &Status| {
        matches!(status, Status::Pending | Status::Initiating | Status::Running | Status::Stopping)
    };
    match aws.fis().list_experiments().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await {
        Ok(found) => found
            .into_iter()
            .filter(|one| one.state().and_then(|state| state.status()).is_some_and(running))
            .map(|one| {
                format!(
                    "FIS experiment {} is running in this account: the incident may be its fault, and its end may change settings back",
                    one.id().unwrap_or("?")
                )
            })
            .collect(),
        Err(e) => {
            let error = crate::aws::call_error("fis:ListExperiments", e);
            tracing::debug!(%error, "FIS experiments are not known");
            vec!["whether an FIS experiment is running is unknown: `fis:ListExperiments` did not answer".into()]
        }
    }
}
