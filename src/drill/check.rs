//! Simulation text and the files it names to a program, with every problem of each. Owns the files
//! beside the simulation: the response playbook and the FIS template.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    playbook::{Catalogue, Diagnostic, Playbook, Spanned, expr::Template, tree, types::InputType},
    program::{Checked, Frame, check as check_playbook, compile},
};

use super::{
    document::{Respond, Simulation},
    fis_template,
    lower::{self, Lowered, RESPOND, RESPOND_PREFIX, RESPONDED},
    outline::Outline,
    read,
};

/// Texts of the files that a simulation names, by the name it gives them.
pub type Files = IndexMap<String, String>;

/// Everything that is known of one simulation.
pub struct CheckedDrill {
    pub checked: Checked,
    /// The response playbook with its own problems.
    pub response: Option<Checked>,
    pub files: Files,
    pub simulation: Option<Simulation>,
    /// There with the program.
    pub outline: Option<Outline>,
}

impl CheckedDrill {
    pub fn has_errors(&self) -> bool {
        self.all().any(Checked::has_errors)
    }

    /// The simulation and its response.
    pub fn all(&self) -> impl Iterator<Item = &Checked> {
        std::iter::once(&self.checked).chain(&self.response)
    }
}

/// Parse and compile the simulation `text`. `file` gives the text of a file that it names.
pub fn check(
    name: &str,
    text: &str,
    catalogue: &Catalogue,
    file: &dyn Fn(&str) -> Result<String, String>,
) -> CheckedDrill {
    let (simulation, mut problems) = read::parse(text);
    let mut found = CheckedDrill {
        checked: Checked {
            name: name.to_owned(),
            text: text.to_owned(),
            playbook: None,
            program: None,
            diagnostics: Vec::new(),
        },
        response: None,
        files: Files::new(),
        simulation: None,
        outline: None,
    };
    if let Some(simulation) = simulation {
        compiled(&simulation, catalogue, file, &mut found, &mut problems);
        found.simulation = Some(simulation);
    }
    problems.sort_by_key(|problem| (problem.offset(), problem.severity));
    if problems.iter().any(Diagnostic::is_error) {
        found.checked.program = None;
        found.outline = None;
    }
    found.checked.diagnostics = problems;
    found
}

fn compiled(
    simulation: &Simulation,
    catalogue: &Catalogue,
    file: &dyn Fn(&str) -> Result<String, String>,
    found: &mut CheckedDrill,
    problems: &mut Vec<Diagnostic>,
) {
    if let Some(schedule) = &simulation.schedule
        && let Err(reason) = super::schedule::parse(&schedule.value)
    {
        let message = format!("`{}` is not a schedule: {reason}", schedule.value);
        let problem =
            Diagnostic::error("simulation::bad-schedule", message).label(schedule.span, "here");
        problems
            .push(problem.help("write it as cron, in UTC: `0 9 * * 1` is every Monday at nine"));
    }
    let named = simulation.experiment.as_ref().and_then(|experiment| experiment.template.as_ref());
    let template = named.and_then(|named| {
        let text = load(named, file, &mut found.files, problems)?;
        let (root, wrong) = tree::parse(&text);
        let mut wrong: Vec<_> = wrong.into_iter().filter(Diagnostic::is_error).collect();
        let template = root.map(|root| Template::read(&root, &text, &mut wrong));
        match (wrong.first(), template) {
            (None, Some(template)) => fis_template::read(template, named, problems),
            (first, _) => {
                // Of what is something else altogether, nothing is shown.
                let is_meant = text.contains("actions") && text.contains("targets");
                let why = match first {
                    Some(first) if is_meant => first.message.as_str(),
                    Some(_) => "it has no `actions`",
                    None => "it is empty",
                };
                let message = format!("`{}` is not a FIS template: {why}", named.value);
                let problem = Diagnostic::error("simulation::bad-file", message);
                problems.push(problem.label(named.span, "named here"));
                None
            }
        }
    });
    let response = simulation.respond.as_ref().and_then(|respond| {
        let text = load(&respond.playbook, file, &mut found.files, problems)?;
        if !is_playbook(&text) {
            let message =
                format!("`{}` is no playbook: it has no key `playbook`", respond.playbook.value);
            let problem = Diagnostic::error("simulation::bad-file", message);
            problems.push(problem.label(respond.playbook.span, "named here"));
            return None;
        }
        Some(check_playbook(&respond.playbook.value, &text, catalogue))
    });
    let (Lowered { playbook, outline }, more) = lower::lower(simulation, template.as_ref());
    let was_read = !problems.iter().any(Diagnostic::is_error);
    // What cannot be read has no faults, and that is no mistake of its own.
    let unread = ["simulation::bad-fault", "simulation::bad-file", "simulation::bad-template"];
    let bad_fault = problems.iter().any(|problem| unread.contains(&problem.code));
    problems
        .extend(more.into_iter().filter(|one| !bad_fault || one.code != "simulation::no-faults"));
    let was_lowered = was_read && !problems.iter().any(Diagnostic::is_error);
    let own = match (&simulation.respond, response.as_ref().and_then(|r| r.playbook.as_ref())) {
        (Some(_), Some(response)) => with_inputs_of(catalogue, response),
        _ => catalogue.clone(),
    };
    let (program, more) = compile(&playbook, &own);
    // A mistake in a section is a mistake again in the step made from it.
    let ours = generated(simulation);
    // What a step of the attack reads is read by those that try it again, too.
    let mut said: Vec<(&str, usize)> = Vec::new();
    let mut first = |one: &Diagnostic| {
        let place = (one.code, one.offset());
        let is_first = !said.contains(&place) || !one.code.contains("::unknown-");
        said.push(place);
        is_first
    };
    let more = more.into_iter().filter(|one| was_lowered || !ours.contains(&one.offset()));
    problems.extend(more.filter(|one| first(one)));
    let joined = match (&simulation.respond, &response, program) {
        (Some(respond), Some(response), Some(program)) => {
            join(&program, response, respond).or_else(|| response.has_errors().then_some(program))
        }
        (_, _, program) => program,
    };
    found.checked.program = joined;
    found.checked.playbook = Some(playbook);
    found.outline = found.checked.program.is_some().then_some(outline);
    found.response = response;
}

/// Whether a file is meant as a playbook, however wrong it is. Problems of a playbook are shown with the
/// lines around them, and those of another file are nobody's business.
fn is_playbook(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.trim_start_matches(['{', ' ']).trim_start_matches(['"', '\'']);
        key.starts_with("playbook")
    })
}

/// Where the steps stand that a drill has by itself: at the head of their section.
fn generated(simulation: &Simulation) -> Vec<usize> {
    let mut spans = vec![simulation.id.span, simulation.guard.span];
    spans.extend(simulation.experiment.iter().map(|one| one.span));
    spans.extend(simulation.faults.values().map(|one| one.span));
    spans.extend(simulation.expect.values().map(|one| one.span));
    spans.extend(simulation.respond.iter().map(|one| one.span));
    spans.extend(simulation.refused.values().map(|one| one.span));
    spans.extend(simulation.recover.iter().map(|one| one.span));
    spans.into_iter().map(|span| span.start).collect()
}

fn join(
    program: &crate::program::Program,
    response: &Checked,
    respond: &Respond,
) -> Option<crate::program::Program> {
    let (playbook, inner) = (response.playbook.clone()?, response.program.as_ref()?);
    let frame = Frame {
        prefix: RESPOND_PREFIX.into(),
        entry: RESPOND.into(),
        actor: respond.actor.clone(),
        playbook,
    };
    program.join(inner, &Arc::new(frame), RESPONDED)
}

fn load(
    named: &Spanned<String>,
    file: &dyn Fn(&str) -> Result<String, String>,
    files: &mut Files,
    problems: &mut Vec<Diagnostic>,
) -> Option<String> {
    match file(&named.value) {
        Ok(text) => {
            files.insert(named.value.clone(), text.clone());
            Some(text)
        }
        Err(reason) => {
            let message = format!("`{}` cannot be read: {reason}", named.value);
            let problem = Diagnostic::error("simulation::bad-file", message);
            problems.push(
                problem
                    .label(named.span, "named here")
                    .help("paths are relative to the simulation's own file"),
            );
            None
        }
    }
}

/// The catalogue in which `drill.begin-response` takes the inputs of this playbook, so that they
/// are checked as those of any action.
fn with_inputs_of(catalogue: &Catalogue, response: &Playbook) -> Catalogue {
    let mut own = catalogue.clone();
    if let Some(mut begin) = catalogue.get("drill.begin-response").cloned() {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, input) in &response.inputs {
            let mut schema = schema(&input.kind);
            // What is sensitive stays so: that playbook's own rules hold for it from here on.
            if input.sensitive {
                schema["writeOnly"] = true.into();
            }
            properties.insert(name.clone(), schema);
            if input.default.is_none() {
                required.push(name.clone());
            }
        }
        let mut inputs = Value::clone(&begin.inputs);
        inputs["properties"]["inputs"] = json!({
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        });
        let mut outputs = Value::clone(&begin.outputs);
        outputs["properties"]["inputs"] = inputs["properties"]["inputs"].clone();
        begin.inputs = inputs.into();
        begin.outputs = outputs.into();
        own.insert(begin);
    }
    own
}

fn schema(kind: &InputType) -> Value {
    match kind {
        InputType::String => json!({ "type": "string" }),
        InputType::Boolean => json!({ "type": "boolean" }),
        InputType::Integer => json!({ "type": "integer" }),
        InputType::Text(format) => json!({ "type": "string", "format": format.name() }),
        InputType::List(inner) => json!({ "type": "array", "items": schema(inner) }),
    }
}
