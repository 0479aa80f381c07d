//! Playbook and catalogue to [`Program`], with every problem found on the way.

use std::collections::HashSet;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;

use super::cycles;
use super::graph::{Edge, Node, Program};
use super::kinds::Kind;
use super::links::{Links, Waits};
use super::values::Values;
use crate::playbook::expr::TemplateKind;
use crate::playbook::{
    ActionInfo, Catalogue, Diagnostic, Phase, Playbook, Step, closest, did_you_mean,
};

/// Compiles a document. There is a program exactly when no diagnostic is an error.
pub fn compile(playbook: &Playbook, catalogue: &Catalogue) -> (Option<Program>, Vec<Diagnostic>) {
    let mut links = Links { playbook, catalogue, problems: Vec::new(), used: HashSet::new() };
    let values = Values::new();
    let mut waits = Vec::with_capacity(playbook.steps.len());
    for step in playbook.steps.values() {
        waits.push(links.waits(step));
        action(&mut links, &values, step);
        for_each(&mut links, step);
    }
    unused(&mut links);
    let mut problems = std::mem::take(&mut links.problems);
    let graph = build(playbook, catalogue, &waits);
    let program = Program::new(graph)
        .map_err(|graph| problems.extend(cycles::report(&graph, &waits)))
        .ok()
        .filter(|_| !problems.iter().any(Diagnostic::is_error));
    (program, problems)
}

/// The action of a step and the values it is given.
fn action(links: &mut Links<'_>, values: &Values, step: &Step) {
    let name = &step.uses.value;
    // Without `uses` the reader has already complained.
    if name.is_empty() {
        return;
    }
    let Some(action) = links.catalogue.get(name) else {
        let problem =
            Diagnostic::error("playbook::unknown-action", format!("there is no action `{name}`"));
        let help = match closest(name, links.catalogue.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`backburn actions` lists them".to_owned(),
        };
        links.problems.push(problem.label(step.uses.span, "unknown action").help(help));
        return;
    };
    let TemplateKind::Map(entries) = &step.with.kind else { return };
    let properties = action.inputs.get("properties").and_then(Value::as_object);
    for (key, value) in entries {
        let Some(schema) = properties.and_then(|properties| properties.get(&key.value)) else {
            links.problems.push(unknown_input(action, &key.value).label(key.span, "unknown input"));
            continue;
        };
        links.confided(&action.inputs, &key.value, schema, value);
        for found in values.check(&action.inputs, schema, value, &|expr| links.kind(step, expr)) {
            let code = if found.typed { "playbook::type-mismatch" } else { "playbook::bad-value" };
            let message =
                format!("`{}{}` of `{}`{}", key.value, found.path, action.name, found.reason);
            let mut problem = Diagnostic::error(code, message).label(found.span, "given here");
            problem.help = found
                .help
                .or_else(|| Some(format!("`backburn actions {name}` describes its inputs")));
            links.problems.push(problem);
        }
    }
    let required = action.inputs.get("required").and_then(Value::as_array).into_iter().flatten();
    for missing in required.filter_map(Value::as_str).filter(|name| step.with.get(name).is_none()) {
        let message = format!(
            "step `{}` does not give `{missing}`, which `{}` must have",
            step.id.value, action.name
        );
        let problem = Diagnostic::error("playbook::missing-action-input", message);
        let help = format!("add `{missing}: ...` under `with`");
        links.problems.push(problem.label(step.uses.span, "missing for this").help(help));
    }
}

fn unknown_input(action: &ActionInfo, name: &str) -> Diagnostic {
    let help = did_you_mean(name, action.input_names(), "its inputs are");
    let message = format!("`{}` has no input `{name}`", action.name);
    Diagnostic::error("playbook::unknown-action-input", message).help(help)
}

fn for_each(links: &mut Links<'_>, step: &Step) {
    let Some(expr) = &step.for_each else { return };
    let kind = links.kind(step, expr);
    if matches!(kind, Kind::Any | Kind::List(_)) {
        return;
    }
    let message =
        format!("`for-each` wants a list, and `{}` is {}", expr.source(), kind.describe());
    let problem =
        Diagnostic::error("playbook::type-mismatch", message).label(expr.span(), "not a list");
    links
        .problems
        .push(problem.help("give it a list, such as an input of type `list of instance`"));
}

fn unused(links: &mut Links<'_>) {
    for (name, input) in &links.playbook.inputs {
        if !links.used.contains(name.as_str()) {
            let problem = Diagnostic::warning(
                "playbook::unused-input",
                format!("nothing reads the input `{name}`"),
            );
            let help = format!("remove it, or read it with `${{{{ inputs.{name} }}}}`");
            links.problems.push(problem.label(input.span, "declared here").help(help));
        }
    }
}

fn build(playbook: &Playbook, catalogue: &Catalogue, waits: &[Waits]) -> DiGraph<Node, Edge> {
    let edges = waits.iter().map(Waits::len).sum();
    let mut graph = DiGraph::with_capacity(playbook.steps.len(), edges);
    for step in playbook.steps.values() {
        graph.add_node(node(step, catalogue));
    }
    for (after, waits) in waits.iter().enumerate() {
        for (before, edge, _) in waits {
            graph.add_edge(NodeIndex::new(*before), NodeIndex::new(after), *edge);
        }
    }
    graph
}

fn node(step: &Step, catalogue: &Catalogue) -> Node {
    let phase = step.phase.or_else(|| catalogue.get(&step.uses.value).map(|action| action.phase));
    Node {
        id: step.id.value.clone(),
        uses: step.uses.value.clone(),
        // An unknown action is an error, so this node never becomes part of a program.
        phase: phase.unwrap_or(Phase::Contain),
        title: step.title.clone(),
        with: Arc::clone(&step.with),
        condition: step.condition.clone(),
        for_each: step.for_each.clone(),
        retry: step.retry.clone(),
        timeout: step.timeout.clone(),
        on_failure: step.on_failure,
        approval: step.approval.clone(),
        responsibility: step.responsibility,
        owner: step.owner.clone(),
        actor: step.actor.clone(),
        always: step.always,
        first_of: step.first_of.clone(),
        frame: None,
        span: step.id.span,
    }
}
