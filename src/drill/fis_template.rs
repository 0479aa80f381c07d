//! A FIS template file as a simulation takes it: as `create-experiment-template` wants it, or as
//! `get-experiment-template` prints it. Owns what is read of it and what is refused, so that nothing of a
//! template is left out without a word.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplate.html>,
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_GetExperimentTemplate.html>

use crate::playbook::{
    Diagnostic, Spanned,
    expr::{Template, TemplateKind},
    suggest::listed,
};

/// What the simulation, or the step made from it, says instead.
const KNOWN: &[&str] = &[
    "actions",
    "arn",
    "clientToken",
    "creationTime",
    "description",
    "experimentOptions",
    "id",
    "lastUpdateTime",
    "roleArn",
    "stopConditions",
    "tags",
    "targetAccountConfigurationsCount",
    "targets",
];

/// The template itself, of either form; `None` for what is no template that can be run as it is meant.
pub(super) fn read(
    template: Template,
    named: &Spanned<String>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Template> {
    let template = template.get("experimentTemplate").cloned().unwrap_or(template);
    let wrong = wrong(&template);
    let taken = wrong.is_none();
    problems.extend(wrong.map(|(why, help)| {
        let message = format!("template `{}` {why}", named.value);
        let problem = Diagnostic::error("simulation::bad-template", message);
        problem.label(named.span, "named here").help(help)
    }));
    taken.then_some(template)
}

/// `fail` or `skip`, where the template says it.
pub(super) fn empty_targets(template: &Template) -> Option<&Template> {
    template.get("experimentOptions")?.get("emptyTargetResolutionMode")
}

/// What is wrong with it, and what to do.
fn wrong(template: &Template) -> Option<(String, &'static str)> {
    let TemplateKind::Map(entries) = &template.kind else {
        return Some((
            "is no object".into(),
            "write it as `aws fis get-experiment-template` prints it",
        ));
    };
    let mut names = entries.iter().map(|(name, _)| name.value.as_str());
    if let Some(unknown) = names.find(|name| !KNOWN.contains(name)) {
        let known = listed(KNOWN.iter().copied());
        return Some((
            format!("has `{unknown}`, which a drill would leave out; it takes {known}"),
            "remove it from the file, or create and start that experiment by hand and use its faults here",
        ));
    }
    if !matches!(template.get("actions").map(|actions| &actions.kind), Some(TemplateKind::Map(_))) {
        let help = "give the file that `aws fis get-experiment-template` prints, or the input of `create-experiment-template`";
        return Some(("has no `actions`".into(), help));
    }
    let options = template.get("experimentOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let said = |option: &Template| match &option.kind {
        TemplateKind::String(text) => text.clone(),
        _ => "something else".into(),
    };
    if let Some(targeting) = option("accountTargeting").map(said)
        && targeting != "single-account"
    {
        return Some((
            format!("acts on other accounts too (`accountTargeting: {targeting}`)"),
            "a drill runs in the accounts of its guard, one at a time: use `single-account`, and run the drill in each account",
        ));
    }
    let mode = option("emptyTargetResolutionMode").map(said);
    if let Some(mode) = mode
        && !["fail", "skip"].contains(&mode.as_str())
    {
        let help = "FIS knows `fail`, which is the default, and `skip`";
        return Some((format!("has `emptyTargetResolutionMode: {mode}`"), help));
    }
    None
}
