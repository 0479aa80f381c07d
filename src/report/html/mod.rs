//! The report as one HTML file: no network, no script, opened from a disk. Owns the page around the
//! sections, and how large it may become; what is in it is `model`'s.

mod drill;
mod gantt;
mod graph;
mod graph_svg;
mod layout;
mod lessons;
mod live;
mod page;
mod people;
mod scale;
mod summary;
mod tables;
#[cfg(test)]
mod tests;
mod value;
mod view;
mod write;

pub(crate) use live::{NAMES, header, parts_of};
pub(crate) use page::{Extras, document, document_with};
pub(crate) use view::{chip, class};
pub(crate) use write::{Attrs, Html, Px, Written};

use super::model::Report;
use view::View;

/// The whole page. Below 1 MB for a run of 1,000 steps: what does not fit is counted and named.
pub fn html(report: &Report) -> String {
    let view = View::of(report);
    let title = format!("{}: {}", report.run.document, report.summary.headline);
    document(&title, |html| frame(&view, html))
}

/// A part of the page: its anchor, its heading, what stands beside it, and who writes it.
type Part<'a> = (&'static str, &'static str, String, fn(&View<'a>, &mut Html));

fn frame(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    let kind = if report.run.simulation { "drill report" } else { "after-action report" };
    header(kind, &report.run.id, html);
    let parts = parts(view);
    html.tag("nav", &[("aria-label", &"Sections")], |html| contents(&parts, html));
    html.tag("main", &[("id", &"main")], |html| {
        parts.iter().for_each(|part| section(view, part, html));
    });
    html.tag("footer", &[("class", &"foot")], |html| foot(report, html));
}

fn contents(parts: &[Part<'_>], html: &mut Html) {
    html.tag("ul", &[], |html| {
        for (id, heading, beside, _) in parts {
            html.tag("li", &[], |html| {
                html.tag("a", &[("href", &format_args!("#{id}"))], |html| {
                    html.text(heading);
                    if !beside.is_empty() {
                        html.line("i", &[], beside);
                    }
                });
            });
        }
    });
}

fn section<'a>(view: &View<'a>, (id, heading, beside, write): &Part<'a>, html: &mut Html) {
    if *id == "summary" {
        return write(view, html);
    }
    let label = format!("{id}-h");
    html.tag("section", &[("id", id), ("aria-labelledby", &label)], |html| {
        html.tag("h2", &[("id", &label)], |html| {
            html.text(heading);
            if !beside.is_empty() {
                html.line("small", &[], beside);
            }
        });
        write(view, html);
    });
}

fn foot(report: &Report, html: &mut Html) {
    html.text(format_args!(
        "Written by backburn {} at {} from the journal of run {}. ",
        report.program,
        view::full(report.written),
        report.run.id
    ));
    html.text("Times are UTC.");
}

fn parts<'a>(view: &View<'a>) -> Vec<Part<'a>> {
    let report = view.report;
    let many = |n: usize| if n == 0 { "none".to_owned() } else { n.to_string() };
    let mut parts: Vec<Part<'a>> = vec![("summary", "Summary", String::new(), summary::summary)];
    if report.drill.is_some() {
        parts.push(("drill", "Objectives", String::new(), drill::scorecard));
    }
    parts.push(("containment", "Containment", many(report.verdicts.len()), summary::verdicts));
    parts.push(("timeline", "Timeline", String::new(), gantt::gantt));
    parts.push(("steps", "Steps", many(report.steps.len()), tables::steps));
    parts.push(("changes", "Changes", many(report.changes.len()), tables::changes));
    parts.push(("operations", "AWS operations", many(report.operations.len()), tables::operations));
    parts.push(("evidence", "Evidence", many(report.evidence.len()), tables::evidence));
    parts.push(("people", "People", String::new(), people::people));
    if !report.attack.is_empty() || !report.clocks.is_empty() {
        parts.push(("duties", "Threat and duties", String::new(), people::duties));
    }
    parts.push(("lessons", "Lessons", String::new(), lessons::lessons));
    parts.push(("proof", "Proof of this report", String::new(), lessons::proof));
    parts
}
