//! What was observed, what is recommended, and how a reader can check that this page is true.

use super::{
    Html,
    view::{View, chip, table},
};
use crate::report::{look, model::Tone, plan::plural};

pub(super) fn lessons(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    if report.run.simulation {
        let lead = "As NIST SP 800-84 wants of an after-action report: objectives above, observations and recommendations here.";
        html.line("p", &[("class", &"lead")], lead);
    }
    list(html, "Observations", &report.observations, "Nothing out of the ordinary.");
    list(html, "Recommendations", &report.recommendations, "None follow from the records.");
    if report.notes.is_empty() {
        return;
    }
    html.line("h3", &[], "Notes of the steps");
    table(html, "Notes", &["Step", "Note", "At"], &report.notes, 50_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| view.step(html, &row.step));
            html.tag("td", &[], |html| html.prose(look::shorten(&row.text, 600)));
            html.tag("td", &[("class", &"n")], |html| view.time(html, row.at));
        });
    });
}

fn list(html: &mut Html, heading: &'static str, rows: &[String], none: &'static str) {
    html.line("h3", &[], heading);
    if rows.is_empty() {
        html.line("p", &[], none);
        return;
    }
    html.tag("ul", &[("class", &"plain")], |html| {
        for row in rows.iter().take(100) {
            html.tag("li", &[], |html| html.prose(look::shorten(row, 600)));
        }
    });
}

pub(super) fn proof(view: &View<'_>, html: &mut Html) {
    let run = &view.report.run;
    let journal = &run.journal;
    html.tag("p", &[], |html| {
        chip(html, Tone::Good, "chain intact");
        html.text(format_args!(
            " {} read, each with the hash of the one before. ",
            plural(journal.records, "record")
        ));
        match journal.files_match {
            true => chip(html, Tone::Good, "playbook and plan as journaled"),
            false => chip(html, Tone::Bad, "playbook or plan changed since"),
        }
    });
    if let Some(bytes) = journal.torn_bytes {
        html.line(
            "p",
            &[],
            format_args!(
                "A last line of {} was cut off and does not count.",
                plural(bytes, "byte")
            ),
        );
    }
    let rows = [
        ("journal head, SHA-256", journal.head.as_str()),
        ("plan, SHA-256", &run.plan_sha256),
        ("playbook, SHA-256", &run.playbook_sha256),
        ("called as", &run.principal),
        ("run", &run.id),
    ];
    table(html, "Hashes", &["What", "Value"], &rows, 10_000, |html, _, (name, value)| {
        html.tag("tr", &[], |html| {
            html.line("th", &[("scope", &"row")], name);
            html.line("td", &[("class", &"hash")], value);
        });
    });
    if !run.inputs.is_empty() {
        html.line("h3", &[], "Inputs");
        let rows: Vec<_> = run.inputs.iter().collect();
        table(html, "Inputs", &["Input", "Value"], &rows, 20_000, |html, _, (name, value)| {
            html.tag("tr", &[], |html| {
                html.line("th", &[("scope", &"row")], name);
                html.line("td", &[("class", &"m")], value);
            });
        });
    }
    html.line(
        "p",
        &[],
        "Keep the journal head outside the account, for example in the ticket: with it, anyone can check whether the journal was changed later.",
    );
}
