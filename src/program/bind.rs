//! Binds a compiled program to the inputs of one run: expressions become values, actions become
//! bodies that the engine runs. Owns that seam; evaluates nothing by itself.

use std::{collections::HashMap, sync::Arc};

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    actions::{Entry, catalogue},
    aws::Aws,
    engine::{
        Step, StepError,
        unit::{Approval, Body, Condition, Items, OnFailure, Outputs, Policy, Unit},
    },
    playbook::{
        self, Playbook,
        expr::{RunFacts, Scope},
    },
};

use super::{Node, Program};

/// What expressions see of the run.
#[derive(Clone, Debug)]
pub struct RunFactsOwned {
    pub id: String,
    /// RFC 3339; a placeholder in a plan.
    pub started: String,
}

struct Bound {
    node: Node,
    entry: &'static Entry,
    outputs: Vec<String>,
    inputs: Arc<IndexMap<String, Value>>,
    run: Arc<RunFactsOwned>,
}

/// Units in file order. A program names only actions of the catalogue, so none is lost.
pub fn bind(
    playbook: &Playbook,
    program: &Program,
    inputs: IndexMap<String, Value>,
    run: RunFactsOwned,
) -> Arc<Vec<Unit<Aws>>> {
    let (inputs, run) = (Arc::new(inputs), Arc::new(run));
    let at: HashMap<&str, usize> =
        program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let units = program.nodes().filter_map(|node| {
        let entry = catalogue::find(&node.uses)?;
        let mut needs: Vec<_> =
            program.dependencies(&node.id).iter().map(|(need, _)| at[need.id.as_str()]).collect();
        needs.dedup();
        let outputs = (entry.outputs)();
        let outputs = outputs["properties"].as_object();
        let body = Bound {
            node: node.clone(),
            entry,
            outputs: outputs.map(|names| names.keys().cloned().collect()).unwrap_or_default(),
            inputs: inputs.clone(),
            run: run.clone(),
        };
        Some(Unit {
            id: node.id.clone(),
            needs,
            policy: policy(playbook, node),
            body: Arc::new(body),
        })
    });
    Arc::new(units.collect())
}

fn policy(playbook: &Playbook, node: &Node) -> Policy {
    // Whoever is asked at night is asked with the way to reach them.
    let reach = |role: &String| match playbook.roles.get(role).and_then(|r| r.contact.as_ref()) {
        Some(contact) => format!("{role}: {contact}"),
        None => role.clone(),
    };
    Policy {
        attempts: node.retry.attempts,
        backoff: node.retry.backoff,
        timeout: node.timeout.as_ref().map(playbook::types::Duration::as_std),
        on_failure: match node.on_failure {
            playbook::OnFailure::Stop => OnFailure::Stop,
            playbook::OnFailure::Continue => OnFailure::Continue,
            playbook::OnFailure::Release => OnFailure::Release,
        },
        always: false,
        approval: node.approval.as_ref().map(|approval| Approval {
            role: Some(reach(&approval.role)),
            reason: approval.reason.clone().unwrap_or_else(|| {
                format!("step `{}` needs the approval of `{}`", node.id, approval.role)
            }),
        }),
        owner: node.owner.as_ref().map(reach),
    }
}

impl Bound {
    fn scope<'a>(&'a self, known: &'a Outputs, item: Option<&'a Value>) -> Scope<'a> {
        Scope {
            inputs: &self.inputs,
            steps: known,
            item,
            run: RunFacts { id: &self.run.id, started: &self.run.started },
        }
    }
}

impl Body<Aws> for Bound {
    fn condition(&self, known: &Outputs) -> Result<Condition, String> {
        let Some(condition) = &self.node.condition else { return Ok(Condition::Holds) };
        match condition.eval_condition(&self.scope(known, None)) {
            Ok(Some(true)) => Ok(Condition::Holds),
            Ok(Some(false)) => Ok(Condition::DoesNot),
            Ok(None) => Ok(Condition::Open),
            Err(e) => Err(format!("`if`: {e}")),
        }
    }

    fn items(&self, known: &Outputs) -> Result<Items, String> {
        let Some(for_each) = &self.node.for_each else { return Ok(Items::Once) };
        match for_each.eval_list(&self.scope(known, None)) {
            Ok(Some(items)) => Ok(Items::Each(items)),
            Ok(None) => Ok(Items::Open),
            Err(e) => Err(format!("`for-each`: {e}")),
        }
    }

    fn inputs(&self, known: &Outputs, item: Option<&Value>) -> Result<Value, String> {
        self.node.with.eval(&self.scope(known, item)).map_err(|e| format!("`with`: {e}"))
    }

    fn outputs_all(&self, value: &Value) -> Value {
        Value::Object(self.outputs.iter().map(|name| (name.clone(), value.clone())).collect())
    }

    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (self.entry.run)(inputs, step)
    }
}
