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
        Approvers, Step, StepError, is_open,
        unit::{Approval, Body, Condition, FirstOf, Items, OnFailure, Outputs, Policy, Unit},
    },
    journal::Hidden,
    playbook::{
        self, ActorKind, Playbook,
        expr::{RunFacts, Scope, Sensitive},
    },
};

use super::{Node, Program, prepare::Prepared};

/// What expressions see of the run.
#[derive(Clone, Debug)]
pub struct RunFactsOwned {
    pub id: String,
    /// RFC 3339; a placeholder in a plan.
    pub started: String,
    /// Of the caller's ARN: `aws`, `aws-cn` and so on.
    pub partition: String,
}

impl RunFactsOwned {
    fn facts(&self) -> RunFacts<'_> {
        RunFacts { id: &self.id, started: &self.started, partition: &self.partition }
    }
}

struct Bound {
    program: Arc<Program>,
    playbook: Arc<Playbook>,
    /// Learns what expressions make of sensitive values.
    hidden: Hidden,
    /// Of the step in the program.
    place: usize,
    entry: &'static Entry,
    outputs: Arc<[String]>,
    /// By this program's own inputs; a step from another playbook has that one's.
    inputs: Arc<IndexMap<String, Value>>,
    run: Arc<RunFactsOwned>,
}

/// Units in file order. A program names only actions of the catalogue, so none is lost.
pub fn bind(prepared: &Prepared, run: RunFactsOwned) -> Arc<Vec<Unit<Aws>>> {
    let Prepared { playbook, program, hidden, .. } = prepared;
    let (inputs, run) = (Arc::new(prepared.inputs.clone()), Arc::new(run));
    let at: HashMap<&str, usize> =
        program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    // Many steps use few actions, and a schema is built again on each request.
    let mut outputs: HashMap<&str, Arc<[String]>> = HashMap::new();
    let units = program.nodes().enumerate().filter_map(|(place, node)| {
        let entry = catalogue::find(&node.uses)?;
        let mut needs: Vec<_> =
            program.dependencies(&node.id).iter().map(|(need, _)| at[need.id.as_str()]).collect();
        needs.dedup();
        let outputs = outputs.entry(&node.uses).or_insert_with(|| names(&(entry.outputs)()));
        let body = Bound {
            program: program.clone(),
            playbook: playbook.clone(),
            hidden: hidden.clone(),
            place,
            entry,
            outputs: outputs.clone(),
            inputs: inputs.clone(),
            run: run.clone(),
        };
        Some(Unit {
            id: node.id.clone(),
            needs,
            policy: Policy {
                urgent: entry.spec.contains,
                first_of: node.first_of.as_ref().map(|first| FirstOf {
                    units: first
                        .steps
                        .iter()
                        .filter_map(|id| at.get(id.as_str()))
                        .copied()
                        .collect(),
                    output: first.output.into(),
                }),
                ..policy(node.frame.as_ref().map_or(playbook, |frame| &frame.playbook), node)
            },
            body: Arc::new(body),
        })
    });
    Arc::new(units.collect())
}

/// Of the outputs that a schema describes.
fn names(outputs: &Value) -> Arc<[String]> {
    let names = outputs["properties"].as_object();
    names.map(|names| names.keys().cloned().collect()).unwrap_or_default()
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
        always: node.always,
        first_of: None,
        approval: node.approval.as_ref().map(|approval| Approval {
            role: Some(reach(&approval.role)),
            reason: approval.reason.clone().unwrap_or_else(|| {
                format!("step `{}` needs the approval of `{}`", node.id, approval.role)
            }),
            rule: Approvers {
                not_by_operator: approval.not_by_operator,
                one_of: approval.one_of.iter().map(ToString::to_string).collect(),
            },
        }),
        owner: node.owner.as_ref().map(reach),
        urgent: false,
    }
}

impl Bound {
    fn node(&self) -> &Node {
        self.program.at(self.place)
    }

    /// What a step of another playbook sees: that playbook's inputs and steps alone.
    fn framed(&self, known: &Outputs) -> Option<(IndexMap<String, Value>, Outputs)> {
        let frame = self.node().frame.as_ref()?;
        let given = known.get(&frame.entry).and_then(|entry| entry.get("inputs"));
        let inputs = frame.playbook.inputs.iter().map(|(name, input)| {
            let value = given.and_then(|given| given.get(name)).cloned();
            (name.clone(), value.or_else(|| input.default.clone()).unwrap_or_default())
        });
        let own = |(id, outputs): (&String, &Value)| {
            Some((id.strip_prefix(&frame.prefix)?.to_owned(), outputs.clone()))
        };
        Some((inputs.collect(), known.iter().filter_map(own).collect()))
    }

    /// Evaluates in the scope that the step's own file has.
    fn within<T>(
        &self,
        known: &Outputs,
        item: Option<&Value>,
        eval: impl FnOnce(&Scope<'_>, &Sensitive<'_>) -> T,
    ) -> T {
        let run = self.run.facts();
        let frame = self.node().frame.as_ref();
        let declared = frame.map_or(&self.playbook.inputs, |frame| &frame.playbook.inputs);
        let hidden = self.hidden.all();
        let sensitive = Sensitive {
            input: &|name| declared.get(name).is_some_and(|input| input.sensitive),
            text: &|text| hidden.iter().any(|one| text.contains(one.as_str())),
        };
        match self.framed(known) {
            Some((inputs, steps)) => {
                eval(&Scope { inputs: &inputs, steps: &steps, item, run }, &sensitive)
            }
            None => eval(&Scope { inputs: &self.inputs, steps: known, item, run }, &sensitive),
        }
    }
}

/// Key under which [`Body::inputs`] hands the actor to [`Body::run`], beside the action's own.
const ACTOR: &str = "$actor";

impl Body<Aws> for Bound {
    fn condition(&self, known: &Outputs) -> Result<Condition, String> {
        let Some(condition) = &self.node().condition else { return Ok(Condition::Holds) };
        let eval = |scope: &Scope<'_>, sensitive: &Sensitive<'_>| {
            condition.refuse_sensitive(scope, sensitive)?;
            condition.eval_condition(scope)
        };
        match self.within(known, None, eval) {
            Ok(Some(true)) => Ok(Condition::Holds),
            Ok(Some(false)) => Ok(Condition::DoesNot),
            Ok(None) => Ok(Condition::Open),
            Err(e) => Err(format!("`if`: {e}")),
        }
    }

    fn items(&self, known: &Outputs) -> Result<Items, String> {
        let Some(for_each) = &self.node().for_each else { return Ok(Items::Once) };
        let eval = |scope: &Scope<'_>, sensitive: &Sensitive<'_>| {
            for_each.refuse_sensitive(scope, sensitive)?;
            for_each.eval_list(scope)
        };
        match self.within(known, None, eval) {
            Ok(Some(items)) => Ok(Items::Each(items)),
            Ok(None) => Ok(Items::Open),
            Err(e) => Err(format!("`for-each`: {e}")),
        }
    }

    fn inputs(&self, known: &Outputs, item: Option<&Value>) -> Result<Value, String> {
        let eval = |scope: &Scope<'_>, sensitive: &Sensitive<'_>| {
            self.node().with.eval_hiding(scope, sensitive)
        };
        let with = self.within(known, item, eval);
        let (mut with, made) = with.map_err(|e| format!("`with`: {e}"))?;
        // Before anything is done with it.
        self.hidden.learn(&made);
        if let (Some(actor), Value::Object(with)) = (&self.node().actor, &mut with) {
            // The acting principal is declared in the document that holds the playbook, not in the playbook.
            let run = self.run.facts();
            let scope = Scope { inputs: &self.inputs, steps: known, item: None, run };
            let which = actor.which.eval(&scope).map_err(|e| format!("`as`: {e}"))?;
            with.insert(ACTOR.into(), which);
        }
        Ok(with)
    }

    fn outputs_all(&self, value: &Value) -> Value {
        Value::Object(self.outputs.iter().map(|name| (name.clone(), value.clone())).collect())
    }

    fn run(
        &self,
        step: Step<Aws>,
        mut inputs: Value,
    ) -> BoxFuture<'static, Result<Value, StepError>> {
        let run = self.entry.run;
        let action = self.node().uses.clone();
        let which = match (&self.node().actor, inputs.as_object_mut()) {
            (Some(actor), Some(inputs)) => inputs.shift_remove(ACTOR).map(|id| (actor.kind, id)),
            _ => None,
        };
        Box::pin(async move {
            tracing::Span::current().record("action", action);
            match which {
                // In a plan the other principal need not be there yet.
                Some((kind, which)) if !step.planning() => {
                    run(inputs, acting_as(&step, kind, &which).await?).await
                }
                _ if step.planning() && is_open(&inputs) => match run(inputs, step).await {
                    // A lookup under a placeholder finds nothing, which is not evidence of absence.
                    Err(error) => Err(open(error)),
                    done => done,
                },
                _ => run(inputs, step).await,
            }
        })
    }
}

async fn acting_as(
    step: &Step<Aws>,
    kind: ActorKind,
    which: &Value,
) -> Result<Step<Aws>, StepError> {
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| {
            StepError::Failed(format!("`as` names no principal that a step can act as: {which}"))
        })
    };
    let world = match kind {
        ActorKind::AccessKey => step.world().as_access_key(&text(which)?).await?,
        ActorKind::Role => step.world().as_role(&text(which)?, step.run()).await?,
        ActorKind::Session => {
            let (role, session) = (text(&which["role"])?, text(&which["session"])?);
            step.world().as_session(&role, &session).await?
        }
    };
    Ok(step.acting_as(world))
}

fn open(error: StepError) -> StepError {
    match error {
        StepError::Open(_) => error,
        _ => StepError::Open("an input is known only after an earlier step has run".into()),
    }
}
