//! Builds the steps that a simulation implies. Owns how a generated step looks; which ones there are
//! is `lower`'s.

use std::sync::Arc;

use serde_json::Number;

use crate::playbook::{
    Diagnostic, OnFailure, Phase, Responsibility, Retry, Span, Spanned, Step,
    expr::{Expr, Origin, Template, TemplateKind},
};

use super::document::Steps;

pub(super) fn text(text: &str, span: Span) -> Template {
    Template { span, kind: TemplateKind::String(text.to_owned()) }
}

pub(super) fn number(value: f64, span: Span) -> Template {
    let number = if value.fract() == 0.0 && value.abs() < 1e15 {
        Some(Number::from(value as i64))
    } else {
        Number::from_f64(value)
    };
    Template { span, kind: number.map_or(TemplateKind::Null, TemplateKind::Number) }
}

pub(super) fn boolean(value: bool, span: Span) -> Template {
    Template { span, kind: TemplateKind::Bool(value) }
}

pub(super) fn list(items: Vec<Template>, span: Span) -> Template {
    Template { span, kind: TemplateKind::List(items) }
}

pub(super) fn texts<'a>(items: impl IntoIterator<Item = &'a String>, span: Span) -> Template {
    list(items.into_iter().map(|item| text(item, span)).collect(), span)
}

/// The keys whose value is given.
pub(super) fn map(entries: Vec<(&str, Option<Template>)>, span: Span) -> Template {
    let given = entries
        .into_iter()
        .filter_map(|(key, value)| Some((Spanned::new(key.to_owned(), span), value?)));
    Template { span, kind: TemplateKind::Map(given.collect()) }
}

/// One expression over outputs of generated steps, such as `steps.inject.effective`.
pub(super) fn expr(source: &str, span: Span) -> Template {
    let mut problems: Vec<Diagnostic> = Vec::new();
    let parsed = Expr::parse(source, Origin { at: None, whole: span }, &mut problems);
    // It holds an id; one that is no word was reported where it stands.
    Template { span, kind: TemplateKind::Expr(parsed.unwrap_or_else(|| Expr::broken(span))) }
}

/// A step of the drill itself.
pub(super) fn step(id: String, uses: &str, title: &str, with: Template, span: Span) -> Step {
    Step {
        id: Spanned::new(id, span),
        uses: Spanned::new(uses.to_owned(), span),
        with: Arc::new(with),
        phase: Some(Phase::Verify),
        title: Some(title.to_owned()),
        needs: Vec::new(),
        condition: None,
        for_each: None,
        retry: Retry::default(),
        timeout: None,
        on_failure: OnFailure::Stop,
        approval: None,
        responsibility: Responsibility::Customer,
        owner: None,
        actor: None,
        always: false,
        first_of: None,
    }
}

pub(super) fn mark(id: &str, title: &str, span: Span) -> Step {
    let with = map(vec![("name", Some(text(id, span)))], span);
    step(id.to_owned(), "drill.mark", title, with, span)
}

pub(super) fn need(step: &mut Step, other: &str) {
    if !step.needs.iter().any(|need| need.value == other) {
        let span = step.id.span;
        step.needs.push(Spanned::new(other.to_owned(), span));
    }
}

pub(super) fn need_all<S: AsRef<str>>(step: &mut Step, others: impl IntoIterator<Item = S>) {
    others.into_iter().for_each(|other| need(step, other.as_ref()));
}

/// Steps of the section that `step` waits for.
fn waits_for<'a>(step: &'a Step, section: &'a Steps) -> impl Iterator<Item = &'a str> {
    use crate::playbook::expr::Target;
    let mut exprs = Vec::new();
    step.with.each_expr(&mut |expr| exprs.push(expr));
    let more = step.condition.iter().chain(&step.for_each);
    let read = exprs.into_iter().chain(more).flat_map(Expr::refs).filter_map(|found| match &found
        .target
    {
        Target::Output { step, .. } => Some(step.as_str()),
        _ => None,
    });
    let needed = step.needs.iter().map(|need| need.value.as_str());
    read.chain(needed).filter(|id| section.contains_key(*id) && *id != step.id.value)
}

/// Ids of the steps that wait for no other of their section.
pub(super) fn roots(section: &Steps) -> Vec<String> {
    let roots = section.values().filter(|step| waits_for(step, section).next().is_none());
    roots.map(|step| step.id.value.clone()).collect()
}

/// Ids of the steps that no other of their section waits for.
pub(super) fn sinks(section: &Steps) -> Vec<String> {
    let waited: std::collections::HashSet<&str> =
        section.values().flat_map(|step| waits_for(step, section)).collect();
    let sinks = section.keys().filter(|id| !waited.contains(id.as_str()));
    sinks.cloned().collect()
}

/// Whether the value depends on a step.
pub(super) fn reads_steps(template: &Template) -> bool {
    use crate::playbook::expr::Target;
    template.refs().iter().any(|found| matches!(found.target, Target::Output { .. }))
}
