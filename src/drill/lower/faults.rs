//! The faults of a simulation as steps: the experiment, what each of its actions does and when, attacks, and the looks
//! that prove each fault. Owns from which step and moment on a fault counts as in effect.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use super::Lowering;
use crate::{
    drill::{
        document::{Fault, FaultKind, Steps},
        experiment,
        make::{self, expr, map, mark, need, need_all, sinks, text},
        outline::{Attack, Effect},
    },
    playbook::{
        Diagnostic, OnFailure, Span, Step,
        expr::{Template, TemplateKind},
    },
};

/// Makes GuardDuty's sample findings.
const SAMPLES: &str = "guardduty.create-sample-findings";

/// Where each fault begins.
#[derive(Debug, Default)]
pub(super) struct Begins {
    /// By the fault's name, in file order.
    pub named: IndexMap<String, Begin>,
}

/// When a fault took effect: an output of a step, RFC 3339.
#[derive(Clone, Debug)]
pub(super) struct Begin {
    pub step: String,
    pub output: &'static str,
    /// Its steps that make sample findings.
    pub samples: Vec<String>,
}

impl Begin {
    fn of(step: impl Into<String>, output: &'static str) -> Self {
        Self { step: step.into(), output, samples: Vec::new() }
    }
}

impl Begins {
    /// Of the fault that is named first.
    pub(super) fn first(&self) -> Begin {
        let first = self.named.values().next().cloned();
        first.unwrap_or_else(|| Begin::of("inject", "effective"))
    }
}

impl Lowering<'_> {
    /// The steps that every fault's taking effect, and its proof, ends with.
    pub(super) fn faults(&mut self, template: Option<&Template>) -> Vec<String> {
        let span = self.from.id.span;
        if self.from.faults.is_empty() && template.is_none() {
            let problem =
                Diagnostic::error("simulation::no-faults", "the simulation injects no fault");
            self.problems.push(
                problem
                    .label(span, "this one")
                    .help("add one under `faults`, or `experiment.template`"),
            );
        }
        let mut effects: HashMap<&str, Vec<String>> = HashMap::new();
        for (name, fault) in &self.from.faults {
            let ends = match &fault.kind {
                FaultKind::Fis(_) => vec![format!("effect-{name}")],
                FaultKind::Attack { steps, .. } if steps.is_empty() => {
                    vec![format!("attack-{name}")]
                }
                FaultKind::Attack { steps, .. } => sinks(steps),
            };
            effects.insert(name, ends);
        }
        let mut inject_needs = vec!["ready".to_owned()];
        let mut proofs = Vec::new();
        for (name, fault) in &self.from.faults {
            let before = self.before(name, fault, &effects);
            match &fault.kind {
                FaultKind::Fis(_) => {
                    // FIS itself keeps the order of its actions.
                    let own = |id: &String| id.starts_with("effect-");
                    inject_needs.extend(before.into_iter().filter(|id| !own(id)));
                    let proof = Some(fault.proof.keys().cloned().collect());
                    self.effect(name, name, proof, fault.span);
                }
                FaultKind::Attack { steps, denied } => {
                    self.attack((name, fault), (steps, denied), before);
                }
            }
            proofs.extend(self.proof(&fault.proof, &effects[name.as_str()]));
        }
        if let Some(with) = experiment::inputs(self.from, template, &mut self.problems) {
            let span = self.from.experiment.as_ref().map_or(span, |experiment| experiment.span);
            let mut inject = make::step(
                "inject".into(),
                "fis.run-experiment",
                "Inject the faults of the experiment",
                with,
                span,
            );
            need_all(&mut inject, inject_needs);
            self.push(inject);
            self.outline.inject = true;
            if self.from.faults.is_empty() {
                proofs.extend(self.of_template(template, span));
            }
        }
        let ends: BTreeSet<String> = match self.from.faults.is_empty() {
            true => self.outline.effects.iter().map(|effect| effect.step.clone()).collect(),
            false => effects.into_values().flatten().collect(),
        };
        ends.into_iter().chain(proofs).collect()
    }

    /// Waits until one action of the experiment takes effect.
    fn effect(&mut self, fault: &str, id: &str, proof: Option<Vec<String>>, span: Span) {
        let id = format!("effect-{id}");
        let with = map(
            vec![
                ("experiment", Some(expr("steps.inject.experiment", span))),
                ("action", Some(text(fault, span))),
            ],
            span,
        );
        let title = "Wait until the fault takes effect";
        self.push(make::step(id.clone(), "fis.await-effect", title, with, span));
        self.begins.named.insert(fault.to_owned(), Begin::of(id.clone(), "effective"));
        self.outline.effects.push(Effect { fault: fault.to_owned(), step: id, proof });
    }

    fn attack(
        &mut self,
        (name, fault): (&str, &Fault),
        (steps, denied): (&Steps, &[String]),
        before: Vec<String>,
    ) {
        let id = format!("attack-{name}");
        let mut start = mark(&id, "The attack begins", fault.span);
        need(&mut start, "ready");
        need_all(&mut start, before);
        self.push(start);
        let mut own = steps.clone();
        for step in own.values_mut().filter(|step| denied.contains(&step.id.value)) {
            // That AWS refuses it is what is wanted, and no reason to stop.
            step.on_failure = OnFailure::Continue;
        }
        self.section(own, &[&id]);
        let samples = steps.values().filter(|step| step.uses.value == SAMPLES);
        let samples = samples.map(|step| step.id.value.clone()).collect();
        let begin = Begin { step: id.clone(), output: "at", samples };
        self.begins.named.insert(name.to_owned(), begin);
        self.outline.attacks.push(Attack {
            fault: name.to_owned(),
            start: id,
            steps: steps.keys().cloned().collect(),
            denied: denied.to_vec(),
            proof: fault.proof.keys().cloned().collect(),
        });
    }

    /// The looks that prove a fault, after `effect`; returns the last of them. One that fails is what the
    /// scorecard says of the fault, and no reason not to respond.
    fn proof(&mut self, proof: &Steps, effect: &[String]) -> Vec<String> {
        if let Some(first) = proof.values().next()
            && !proof.values().any(looks)
        {
            let message = "no step of this proof looks at what the fault did";
            let problem = Diagnostic::error("simulation::empty-proof", message);
            self.problems.push(problem.label(first.id.span, "its first step").help(
                "use a check (`ec2.check-instance`, `cloudwatch.check-alarm`), a comparison, or `core.assert` on the outputs of a step",
            ));
        }
        let mut proof = proof.clone();
        proof.values_mut().for_each(|step| step.on_failure = OnFailure::Continue);
        let ends = sinks(&proof);
        self.section(proof, effect);
        ends
    }

    /// The actions of a template, each of which may be named as a fault.
    fn of_template(&mut self, template: Option<&Template>, span: Span) -> Vec<String> {
        let actions = template.and_then(|template| template.get("actions"));
        let Some(TemplateKind::Map(actions)) = actions.map(|actions| &actions.kind) else {
            return Vec::new();
        };
        let acts = |action: &Template| match action.get("actionId").map(|id| &id.kind) {
            Some(TemplateKind::String(id)) => !experiment::WITHOUT_EFFECT.contains(&id.as_str()),
            _ => true,
        };
        // One that only waits has an effect where there is no other.
        let waits_only = !actions.iter().any(|(_, action)| acts(action));
        let names = actions.iter().filter(|(_, action)| waits_only || acts(action));
        for (nth, (name, _)) in names.enumerate() {
            // Names of FIS are no ids: they may have capitals and dots.
            self.effect(&name.value, &(nth + 1).to_string(), None, span);
        }
        let proof = self.from.experiment.as_ref().map(|experiment| experiment.proof.clone());
        let proof = proof.unwrap_or_default();
        self.outline.experiment_proof = Some(proof.keys().cloned().collect());
        let effects: Vec<_> = self.outline.effects.iter().map(|one| one.step.clone()).collect();
        self.proof(&proof, &effects)
    }

    fn before(
        &mut self,
        name: &str,
        fault: &Fault,
        effects: &HashMap<&str, Vec<String>>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for other in &fault.after {
            match effects.get(other.value.as_str()) {
                Some(ids) if other.value != name => found.extend(ids.iter().cloned()),
                _ => self.unknown_fault(&other.value, other.span),
            }
        }
        found
    }

    pub(super) fn unknown_fault(&mut self, name: &str, span: Span) {
        let message = format!("there is no other fault `{name}`");
        let problem =
            Diagnostic::error("simulation::unknown-fault", message).label(span, "named here");
        let own = self.from.faults.keys().chain(self.begins.named.keys());
        let names: BTreeSet<&str> = own.map(String::as_str).collect();
        self.problems.push(problem.help(crate::playbook::did_you_mean(
            name,
            names.iter().copied(),
            "the faults are",
        )));
    }
}

/// Whether a step of a proof can fail by what it sees.
fn looks(step: &Step) -> bool {
    match step.uses.value.as_str() {
        "core.wait" | "core.manual" | "drill.mark" => false,
        "core.assert" => step.with.get("that").is_some_and(make::reads_steps),
        _ => true,
    }
}
