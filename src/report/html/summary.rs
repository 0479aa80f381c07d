//! The first screen: how it stands, what is open, what to do; then each verdict with what it was
//! read from.

use super::{
    Html, value,
    view::{View, between, chip, class, full, sign, verdict_tone},
};
use crate::report::model::Tone;

/// More than this is not read at night; the rest is counted.
const OPEN: usize = 25;

pub(super) fn summary(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    let summary = &report.summary;
    let hero = format!("hero {}", class(summary.tone));
    html.tag("div", &[("class", &hero), ("id", &"summary")], |html| {
        let title =
            if report.run.title.is_empty() { &report.run.document } else { &report.run.title };
        html.line("h1", &[], title);
        html.tag("p", &[("class", &"headline")], |html| {
            html.line("span", &[("class", &"dot"), ("aria-hidden", &"true")], sign(summary.tone));
            html.prose(&summary.headline);
        });
        if let Some(purpose) = &report.run.purpose {
            html.tag("p", &[("class", &"purpose")], |html| html.prose(purpose));
        }
        facts(view, html);
    });
    html.tag("section", &[("aria-labelledby", &"story-h")], |html| {
        html.line("h2", &[("id", &"story-h")], "What happened");
        html.tag("div", &[("class", &"two")], |html| {
            html.tag("ul", &[("class", &"plain")], |html| {
                for line in &summary.story {
                    html.tag("li", &[], |html| html.prose(line));
                }
            });
            html.tag("div", &[], |html| {
                for next in &summary.next {
                    html.tag("p", &[("class", &"cmd")], |html| {
                        html.line("code", &[], &next.command);
                        html.line("span", &[], &next.why);
                    });
                }
            });
        });
        open(view, html);
    });
}

fn facts(view: &View<'_>, html: &mut Html) {
    let run = &view.report.run;
    let place = match &run.endpoint {
        Some(each) if each.contains(" at ") => format!("{} ({each})", run.account),
        Some(endpoint) => format!("{} at {endpoint}, not AWS", run.account),
        None => run.account.clone(),
    };
    let first = view.report.steps.iter().filter_map(|step| step.started).min();
    let took = first.zip(run.ended).map(|(from, to)| between(from, to));
    let rows = [
        ("Account", Some(place)),
        ("Region", Some(run.region.clone())),
        ("T0", run.started.map(full)),
        ("Took", took),
        ("Operator", Some(run.operator.clone())),
        ("Severity", run.severity.clone()),
        ("Release", Some(released(run.released).to_owned())),
    ];
    html.tag("dl", &[("class", &"facts")], |html| {
        for (name, value) in rows {
            let Some(value) = value else { continue };
            html.tag("div", &[], |html| {
                html.line("dt", &[], name);
                html.line("dd", &[], value);
            });
        }
    });
}

fn released(state: Option<bool>) -> &'static str {
    match state {
        None => "not released",
        Some(true) => "complete",
        Some(false) => "in part",
    }
}

fn open(view: &View<'_>, html: &mut Html) {
    let open = &view.report.summary.open;
    if open.is_empty() {
        return;
    }
    html.line("h3", &[], "What is open");
    html.tag("ul", &[("class", &"open")], |html| {
        for one in open.iter().take(OPEN) {
            html.tag("li", &[("class", &class(one.tone))], |html| {
                if let Some(step) = &one.step {
                    view.step(html, step);
                    html.text(" ");
                }
                html.prose(crate::report::look::shorten(&one.text, 600));
            });
        }
        if open.len() > OPEN {
            html.line("li", &[("class", &"care")], format_args!("and {} more", open.len() - OPEN));
        }
    });
}

pub(super) fn verdicts(view: &View<'_>, html: &mut Html) {
    let rows = &view.report.verdicts;
    let lead = if rows.is_empty() {
        "No step of this run is a containment, so there is nothing to prove."
    } else {
        "`proven` applies only to state that was read back from the account after the change. `presumed` names what could not be seen."
    };
    html.tag("p", &[("class", &"lead")], |html| html.prose(lead));
    let end = html.len() + 90_000;
    for (at, row) in rows.iter().enumerate() {
        if html.len() > end {
            html.line("p", &[], format_args!("and {} more, in the JSON report", rows.len() - at));
            break;
        }
        let tone = if row.released { Tone::Quiet } else { verdict_tone(&row.verdict) };
        html.tag("article", &[("class", &format_args!("verdict {}", class(tone)))], |html| {
            html.tag("h3", &[], |html| {
                chip(html, tone, row.words());
                html.tag("span", &[], |html| html.prose(&row.subject));
                html.tag("span", &[("class", &"by")], |html| {
                    view.step(html, &row.step);
                    html.text(" at ");
                    view.time(html, row.at);
                });
            });
            if let Some(reason) = &row.reason {
                let reason = crate::report::look::shorten(reason, 1500);
                html.tag("p", &[], |html| html.prose(reason));
            }
            value::facts(html, "what it was read from", &row.facts);
        });
    }
}
