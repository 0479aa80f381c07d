//! What the expressions of a step refer to: whether it exists, what type it has, and which steps must run before.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::graph::Edge;
use super::kinds::Kind;
use crate::playbook::expr::{Expr, Ref, Target};
use crate::playbook::{ActionInfo, Catalogue, Diagnostic, Playbook, Span, Step, closest, listed};

/// After so many problems names are no longer guessed: it costs a comparison with every step.
const GUESSES: usize = 50;

/// What one step waits for: positions of the other steps, ascending and without duplicates, and where it declares that.
pub(super) type Waits = Vec<(usize, Edge, Span)>;

pub(super) struct Links<'a> {
    pub playbook: &'a Playbook,
    pub catalogue: &'a Catalogue,
    pub problems: Vec<Diagnostic>,
    pub used: HashSet<&'a str>,
}

impl<'a> Links<'a> {
    /// Checks every reference and need of one step.
    pub(super) fn waits(&mut self, step: &'a Step) -> Waits {
        let mut waits = Waits::new();
        let in_loop = step.for_each.is_some();
        step.with.each_expr(&mut |expr| self.expr(step, expr, in_loop, &mut waits));
        if let Some(actor) = &step.actor {
            actor.which.each_expr(&mut |expr| {
                self.expr(step, expr, false, &mut waits);
                self.shows(expr, "as", "whom a step acts as is no secret: take `sensitive` off it");
            });
        }
        let decides =
            "what the run does would show something of it; decide by what is not sensitive";
        if let Some(expr) = &step.condition {
            self.expr(step, expr, in_loop, &mut waits);
            self.shows(expr, "if", decides);
        }
        if let Some(expr) = &step.for_each {
            self.expr(step, expr, false, &mut waits);
            self.shows(expr, "for-each", decides);
        }
        self.needs(step, &mut waits);
        // Data before order, so that the stronger reason stays.
        waits.sort_by_key(|(at, edge, _)| (*at, *edge));
        waits.dedup_by_key(|(at, _, _)| *at);
        waits
    }

    fn expr(&mut self, step: &'a Step, expr: &'a Expr, in_loop: bool, waits: &mut Waits) {
        for found in expr.refs() {
            match &found.target {
                Target::Input(name) => self.input(step, name, found.span),
                Target::Output { step: other, output } => {
                    self.output(step, other, output, found.span, waits);
                }
                Target::Item if !in_loop => {
                    let message =
                        format!("step `{}` reads `item` outside of a `for-each`", step.id.value);
                    let problem = Diagnostic::error("playbook::item-outside-for-each", message);
                    let help = "add `for-each: <list>` to the step; inside the `for-each` itself there is no `item`";
                    self.problems.push(problem.label(found.span, "read here").help(help));
                }
                Target::Item | Target::RunId | Target::RunStarted | Target::RunPartition => {}
            }
        }
    }

    fn input(&mut self, step: &Step, name: &'a str, span: Span) {
        if self.playbook.inputs.contains_key(name) {
            self.used.insert(name);
            return;
        }
        let message = format!(
            "step `{}` reads `inputs.{name}`, which the playbook does not declare",
            step.id.value
        );
        let problem =
            Diagnostic::error("playbook::unknown-input", message).label(span, "read here");
        let names = self.playbook.inputs.keys().map(String::as_str);
        let help = self.guess(name, names, "its inputs are");
        self.problems.push(problem.help(help));
    }

    fn output(&mut self, step: &Step, other: &str, output: &str, span: Span, waits: &mut Waits) {
        let id = &step.id.value;
        let Some((at, _, producer)) = self.playbook.steps.get_full(other) else {
            let message = format!(
                "step `{id}` reads `steps.{other}.{output}`, but there is no step `{other}`"
            );
            let problem =
                Diagnostic::error("playbook::unknown-step", message).label(span, "read here");
            let names = self.playbook.steps.keys().map(String::as_str);
            let help = self.guess(other, names, "the steps are");
            self.problems.push(problem.help(help));
            return;
        };
        if other == id {
            let message = format!("step `{id}` reads its own output `{output}`");
            let problem =
                Diagnostic::error("playbook::self-reference", message).label(span, "read here");
            self.problems.push(
                problem.help("an output exists only after its step; read it in a later step"),
            );
            return;
        }
        waits.push((at, Edge::Data, span));
        let Some(action) = self.catalogue.get(&producer.uses.value) else { return };
        if property(&action.outputs, output).is_none() {
            let message = format!(
                "step `{id}` reads `steps.{other}.{output}`, but `{}` has no output `{output}`",
                action.name
            );
            let problem =
                Diagnostic::error("playbook::unknown-output", message).label(span, "read here");
            self.problems.push(problem.help(outputs_of(action, output)));
        }
    }

    fn needs(&mut self, step: &Step, waits: &mut Waits) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for need in &step.needs {
            let (id, name, span) = (&step.id.value, need.value.as_str(), need.span);
            // A map for one entry would be most of the cost of a large playbook.
            let first = if step.needs.len() > 1 { seen.insert(name, span) } else { None };
            if let Some(first) = first {
                let message = format!("step `{id}` needs `{name}` twice");
                let problem = Diagnostic::warning("playbook::duplicate-need", message)
                    .label(span, "again here");
                self.problems.push(problem.label(first, "first here").help("remove one of them"));
                continue;
            }
            match self.playbook.steps.get_index_of(name) {
                _ if name == id => {
                    let problem = Diagnostic::error(
                        "playbook::self-reference",
                        format!("step `{id}` needs itself"),
                    );
                    self.problems.push(problem.label(span, "needed here").help("remove it"));
                }
                Some(at) => {
                    waits.push((at, Edge::Order, span));
                }
                None => {
                    let message = format!("step `{id}` needs `{name}`, but there is no such step");
                    let problem = Diagnostic::error("playbook::unknown-need", message)
                        .label(span, "needed here");
                    let names = self.playbook.steps.keys().map(String::as_str);
                    let help = self.guess(name, names, "the steps are");
                    self.problems.push(problem.help(help));
                }
            }
        }
    }

    fn guess<'n>(
        &self,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        otherwise: &str,
    ) -> String {
        if self.problems.len() >= GUESSES {
            return "fix the problems above first".to_owned();
        }
        match closest(name, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{otherwise} {}", listed(names)),
        }
    }

    /// The static type of an expression; `Any` when it computes something.
    pub(super) fn kind(&self, step: &Step, expr: &Expr) -> Kind {
        expr.exact().map_or(Kind::Any, |found| self.kind_of(step, found, 0))
    }

    fn kind_of(&self, step: &Step, found: &Ref, depth: usize) -> Kind {
        match &found.target {
            Target::Input(name) => self
                .playbook
                .inputs
                .get(name)
                .map_or(Kind::Any, |input| Kind::of_input(&input.kind)),
            Target::Output { step: other, output } => {
                let producer = self.playbook.steps.get(other);
                let action = producer.and_then(|producer| self.catalogue.get(&producer.uses.value));
                let schema = action
                    .and_then(|action| Some((&action.outputs, property(&action.outputs, output)?)));
                let kind = schema.map_or(Kind::Any, |(root, schema)| Kind::of_schema(root, schema));
                match producer {
                    Some(producer) if producer.for_each.is_some() => Kind::List(Box::new(kind)),
                    _ => kind,
                }
            }
            Target::Item if depth == 0 => {
                let list = step.for_each.as_ref().and_then(Expr::exact);
                list.map_or(Kind::Any, |list| self.kind_of(step, list, 1).item())
            }
            Target::Item => Kind::Any,
            Target::RunId | Target::RunStarted | Target::RunPartition => Kind::Text(None),
        }
    }
}

/// The schema of one property. An object that allows any further property has them all.
pub(super) fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let own = schema.get("properties").and_then(|properties| properties.get(name));
    own.or_else(|| {
        schema.get("additionalProperties").filter(|more| !matches!(more, Value::Bool(false)))
    })
}

fn outputs_of(action: &ActionInfo, wanted: &str) -> String {
    let names = || action.output_names();
    match (names().count(), closest(wanted, names())) {
        (0, _) => "it has no outputs; use `needs` for order alone".to_owned(),
        (1, _) => format!("its only output is {}", listed(names())),
        (_, Some(near)) => format!("did you mean `{near}`? its outputs are {}", listed(names())),
        (_, None) => format!("its outputs are {}", listed(names())),
    }
}
