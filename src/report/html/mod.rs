//! The report as one HTML file: no network, no script, opened from a disk. Owns the page around the
//! sections, and how large it may become; what is in it is `model`'s.

mod drill;
mod gantt;
mod graph;
mod graph_svg;
mod layout;
mod lessons;
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

pub(crate) use page::document;
pub(crate) use view::{chip, class};
pub(crate) use write::{Attrs, Html, Px};

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
    html.tag("header", &[("class", &"top")], |html| {
        html.line("b", &[], "backburn");
        html.line(
            "span",
            &[],
            if report.run.simulation { "drill report" } else { "after-action report" },
        );
        html.line("span", &[("class", &"m")], &report.run.id);
    });
    let parts = parts(view);
    html.tag("nav", &[("aria-label", &"Sections")], |html| {
        html.tag("ul", &[], |html| {
            for (id, heading, beside, _) in &parts {
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
    });
    html.tag("main", &[("id", &"main")], |html| {
        for (id, heading, beside, write) in &parts {
            if *id == "summary" {
                write(view, html);
                continue;
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
    });
    html.tag("footer", &[("class", &"foot")], |html| {
        html.text(format_args!(
            "Written by backburn {} at {} from the journal of run {}. ",
            report.program,
            view::full(report.written),
            report.run.id
        ));
        html.text("Times are UTC.");
    });
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
