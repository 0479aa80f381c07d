//! The FIS experiment of a simulation: the inputs of `fis.run-experiment` from its faults or from a
//! template file, and the same as a template for `aws fis create-experiment-template`.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplate.html>

use serde_json::{Map, Value, json};

use crate::playbook::{
    Diagnostic, Span, Spanned,
    expr::{Template, TemplateKind},
};

use super::{
    document::{FaultKind, FisAction, Simulation},
    fis_template,
    make::{list, map, text},
};

/// Actions that hit nothing: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html>.
pub(super) const WITHOUT_EFFECT: [&str; 2] = ["aws:cloudwatch:assert-alarm-state", "aws:fis:wait"];

/// Names of AWS's template and of the action's inputs.
const NAMES: &[(&str, &str)] = &[
    ("actionId", "action-id"),
    ("resourceArns", "resource-arns"),
    ("resourceTags", "resource-tags"),
    ("resourceType", "resource-type"),
    ("selectionMode", "selection-mode"),
    ("startAfter", "start-after"),
];

/// What `fis.run-experiment` is given; `None` when no fault is a FIS action.
pub(super) fn inputs(
    from: &Simulation,
    template: Option<&Template>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Template> {
    let faults: Vec<(&String, &FisAction, Vec<&str>)> = from
        .faults
        .iter()
        .filter_map(|(name, fault)| match &fault.kind {
            FaultKind::Fis(action) => {
                let after = fault.after.iter().map(|other| other.value.as_str());
                Some((name, action, after.collect()))
            }
            FaultKind::Attack { .. } => None,
        })
        .collect();
    let Some(experiment) = &from.experiment else {
        if let Some((name, action, _)) = faults.first() {
            let message =
                format!("fault `{name}` is an FIS action, but no `experiment` gives its role");
            let problem = Diagnostic::error("simulation::no-experiment", message)
                .label(action.action.span, "injected by FIS");
            problems.push(
                problem.help("add `experiment: { role: <ARN of the role that FIS acts as> }`"),
            );
        }
        return None;
    };
    let span = experiment.span;
    let (actions, targets, mut stops) = match (template, faults.is_empty()) {
        (None, true) => return None,
        (Some(template), true) => of_template(template, span),
        (Some(_), false) => {
            let problem = Diagnostic::error(
                "simulation::two-experiments",
                "the simulation has FIS faults and a template as well",
            );
            problems.push(problem.label(span, "the template is named here").help(
                "keep one of both: an experiment that runs beside another would blur the clocks",
            ));
            return None;
        }
        (None, false) => of_faults(from, &faults, span),
    };
    stops.extend(from.stop_conditions.iter().cloned());
    untargeted(from, &actions, span, problems);
    // What the simulation says itself holds.
    let of_file = template.and_then(fis_template::empty_targets);
    let of_file = of_file.map(|mode| Template { span, ..mode.clone() });
    let empty_targets = experiment.empty_targets.clone().or(of_file);
    let tag = from.guard.required_tag.as_ref().map(|tag| text(tag, span));
    Some(map(
        vec![
            ("role", Some(experiment.role.clone())),
            ("actions", Some(actions)),
            ("targets", Some(targets)),
            ("stop-conditions", (!stops.is_empty()).then(|| list(stops, span))),
            ("empty-target-resolution-mode", empty_targets),
            ("required-tag", tag),
        ],
        span,
    ))
}

/// Nothing says what an action without targets hits, so no tag can hold it back.
fn untargeted(from: &Simulation, actions: &Template, span: Span, problems: &mut Vec<Diagnostic>) {
    let (Some(tag), TemplateKind::Map(actions)) = (&from.guard.required_tag, &actions.kind) else {
        return;
    };
    for (name, action) in actions {
        let id = match action.get("action-id").map(|id| &id.kind) {
            Some(TemplateKind::String(id)) => id.as_str(),
            _ => continue,
        };
        let targets = match action.get("targets").map(|targets| &targets.kind) {
            Some(TemplateKind::Map(targets)) => targets.len(),
            Some(_) => 1,
            None => 0,
        };
        if targets > 0 || WITHOUT_EFFECT.contains(&id) {
            continue;
        }
        let message = format!(
            "the action `{id}` of `{}` has no targets, so `{tag}` cannot hold for what it hits",
            name.value
        );
        let span = if from.faults.is_empty() { span } else { action.span };
        problems.push(Diagnostic::error("simulation::no-target", message).label(span, "injected here").help(
            "use an action with targets, make the change by an `attack` step, or remove `required-tag` from the guard if whatever it hits may be hit",
        ));
    }
}

type Parts = (Template, Template, Vec<Template>);

fn of_faults(from: &Simulation, faults: &[(&String, &FisAction, Vec<&str>)], span: Span) -> Parts {
    let named = |name: &str, value: Template| (Spanned::new(name.to_owned(), span), value);
    let (mut actions, mut targets) = (Vec::new(), Vec::new());
    for (name, action, after) in faults {
        let span = action.action.span;
        let mut own = Vec::new();
        for (part, selects) in &action.targets {
            let target = format!("{name}-{}", part.value);
            own.push((part.clone(), text(&target, part.span)));
            targets.push((Spanned::new(target, part.span), selects.clone()));
        }
        let own = Template { span, kind: TemplateKind::Map(own) };
        // Only actions of the same experiment; an attack before it is an order of steps.
        let fis = |other: &&&str| {
            from.faults.get(**other).is_some_and(|f| matches!(f.kind, FaultKind::Fis(_)))
        };
        let after: Vec<_> = after.iter().filter(fis).map(|other| text(other, span)).collect();
        let action = map(
            vec![
                ("action-id", Some(text(&action.action.value, span))),
                ("description", action.description.as_ref().map(|about| text(about, span))),
                ("parameters", action.parameters.clone()),
                ("targets", (!action.targets.is_empty()).then_some(own)),
                ("start-after", (!after.is_empty()).then(|| list(after, span))),
            ],
            span,
        );
        actions.push(named(name, action));
    }
    let map = |entries| Template { span, kind: TemplateKind::Map(entries) };
    (map(actions), map(targets), Vec::new())
}

fn of_template(template: &Template, span: Span) -> Parts {
    let part = |name: &str| {
        let empty = Template::empty(span);
        renamed(template.get(name).unwrap_or(&empty), span, 0)
    };
    let stops = match template.get("stopConditions").map(|stops| &stops.kind) {
        Some(TemplateKind::List(items)) => items
            .iter()
            .filter_map(|stop| stop.get("value"))
            .map(|arn| renamed(arn, span, 9))
            .collect(),
        _ => Vec::new(),
    };
    (part("actions"), part("targets"), stops)
}

/// With the action's names for keys, in an action or target itself and no deeper; every place is
/// where the simulation names the file.
fn renamed(template: &Template, span: Span, depth: usize) -> Template {
    let kind = match &template.kind {
        TemplateKind::List(items) => {
            TemplateKind::List(items.iter().map(|item| renamed(item, span, depth + 1)).collect())
        }
        TemplateKind::Map(entries) => {
            let entry = |(key, value): &(Spanned<String>, Template)| {
                let known = NAMES.iter().find(|(theirs, _)| depth == 1 && *theirs == key.value);
                let name = known.map_or(key.value.as_str(), |(_, ours)| ours);
                (Spanned::new(name.to_owned(), span), renamed(value, span, depth + 1))
            };
            TemplateKind::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Template { span, kind }
}

/// Minutes for which actions run, each action on its own, as FIS bills them.
/// <https://aws.amazon.com/fis/pricing/>
pub(super) fn action_minutes(from: &Simulation, template: Option<&Template>) -> f64 {
    let own = from.faults.values().filter_map(|fault| match &fault.kind {
        FaultKind::Fis(action) => Some(action.parameters.as_ref()),
        FaultKind::Attack { .. } => None,
    });
    let of_file =
        template.and_then(|template| template.get("actions")).map(|actions| match &actions.kind {
            TemplateKind::Map(actions) => {
                actions.iter().map(|(_, action)| action.get("parameters")).collect()
            }
            _ => Vec::new(),
        });
    own.chain(of_file.into_iter().flatten()).map(minutes).sum()
}

/// Faults whose actions last as long as only the run knows.
pub(super) fn open_ended(from: &Simulation) -> Vec<&str> {
    let is_open = |parameters: &Template| {
        LASTS.iter().filter_map(|name| parameters.get(name)).any(|given| match &given.kind {
            TemplateKind::String(text) => text.parse::<jiff::Span>().is_err(),
            _ => true,
        })
    };
    let open = from.faults.iter().filter(|(_, fault)| match &fault.kind {
        FaultKind::Fis(action) => action.parameters.as_ref().is_some_and(is_open),
        FaultKind::Attack { .. } => false,
    });
    open.map(|(name, _)| name.as_str()).collect()
}

/// Parameters that say how long an action lasts, at most.
const LASTS: [&str; 3] = ["duration", "startInstancesAfterDuration", "maxDuration"];

/// Duration of one action: as its parameters specify, or one minute.
fn minutes(parameters: Option<&Template>) -> f64 {
    let given = LASTS.iter().find_map(|name| match &parameters?.get(name)?.kind {
        TemplateKind::String(text) => text.parse::<jiff::Span>().ok(),
        _ => None,
    });
    let seconds = given.and_then(|span| jiff::SignedDuration::try_from(span).ok());
    seconds.map_or(1.0, |time| (time.as_secs_f64() / 60.0).max(1.0 / 60.0))
}

/// The evaluated inputs of `fis.run-experiment` as AWS's experiment template.
pub fn template_json(inputs: &Value, outline: &super::Outline) -> Value {
    let none = Value::Object(Map::new());
    let part = |name: &str| theirs(inputs.get(name).unwrap_or(&none), 0);
    let stops: Vec<Value> = match inputs.get("stop-conditions").and_then(Value::as_array) {
        Some(alarms) => alarms
            .iter()
            .map(|alarm| json!({ "source": "aws:cloudwatch:alarm", "value": alarm }))
            .collect(),
        None => vec![json!({ "source": "none" })],
    };
    let mode = inputs.get("empty-target-resolution-mode").cloned().unwrap_or_else(|| json!("fail"));
    json!({
        "description": outline.title,
        "targets": part("targets"),
        "actions": part("actions"),
        "stopConditions": stops,
        "roleArn": inputs.get("role"),
        "experimentOptions": { "accountTargeting": "single-account", "emptyTargetResolutionMode": mode },
        "tags": { "backburn:simulation": outline.simulation },
    })
}

fn theirs(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                let known = NAMES.iter().find(|(_, ours)| depth == 1 && ours == key);
                let name = known.map_or(key.as_str(), |(theirs, _)| theirs);
                (name.to_owned(), theirs(value, depth + 1))
            };
            Value::Object(map.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}
