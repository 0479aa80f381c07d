//! Who decided, who answers for what, which techniques were answered, and by when authorities have
//! to be told.

use super::{
    Html,
    view::{View, chip, full, table},
};
use crate::report::{
    look,
    model::{Clock, Tone},
};

const MODEL: &str = "https://aws.amazon.com/compliance/shared-responsibility-model/";

pub(super) fn people(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    html.line("h3", &[], "Decisions");
    if let Some(abort) = &report.run.aborted {
        html.tag("p", &[], |html| {
            let why = abort.reason.as_deref().unwrap_or("no reason was given");
            html.text(format_args!("{} aborted the run at ", abort.by));
            view.time(html, abort.at);
            html.text(format_args!(": {}", look::shorten(why, 400)));
            if !abort.who.is_unknown() {
                html.line("span", &[("class", &"by")], format_args!(" ({})", abort.who));
            }
        });
    }
    if report.answers.is_empty() {
        html.line("p", &[], "Nobody was asked to decide anything.");
    } else {
        let heads = ["Question", "Decision", "By", "Reason", "Step", "At"];
        table(html, "Decisions", &heads, &report.answers, 40_000, |html, _, row| {
            html.tag("tr", &[], |html| {
                html.line("th", &[("scope", &"row")], look::shorten(&row.question, 400));
                html.tag("td", &[], |html| match row.yes {
                    true => chip(html, Tone::Good, "approved"),
                    false => chip(html, Tone::Bad, "declined"),
                });
                html.tag("td", &[], |html| {
                    html.text(&row.by);
                    if let Some(role) = &row.role {
                        html.line("div", &[("class", &"by")], format_args!("as {role}"));
                    }
                    if !row.who.is_unknown() {
                        html.line("div", &[("class", &"by")], &row.who);
                    }
                    if let Some(via) = &row.via {
                        html.line("div", &[("class", &"by")], format_args!("via {via}"));
                    }
                });
                html.line("td", &[], look::shorten(&row.reason, 400));
                html.tag("td", &[], |html| view.step(html, &row.step));
                html.tag("td", &[("class", &"n")], |html| view.time(html, row.at));
            });
        });
    }
    if !report.roles.is_empty() {
        html.line("h3", &[], "Roles and contacts");
        let rows: Vec<_> = report.roles.iter().collect();
        let heads = ["Role", "Duty", "Contact", "Steps"];
        table(html, "Roles", &heads, &rows, 40_000, |html, _, (name, role)| {
            html.tag("tr", &[], |html| {
                html.line("th", &[("scope", &"row")], name);
                html.line("td", &[], &role.duty);
                html.line("td", &[], role.contact.as_deref().unwrap_or("none"));
                html.line("td", &[("class", &"m")], look::shorten(&role.steps.join(", "), 600));
            });
        });
    }
    html.line("h3", &[], "Shared responsibility");
    let said: Vec<_> = report.responsibility.iter().map(|(who, n)| format!("{who} {n}")).collect();
    html.tag("p", &[], |html| {
        html.text(format_args!(
            "Steps by who acts: {}. The table of steps shows it for each step. ",
            said.join(", ")
        ));
        html.line(
            "a",
            &[("href", &MODEL), ("rel", &"noreferrer")],
            "AWS shared responsibility model",
        );
    });
}

pub(super) fn duties(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    if !report.attack.is_empty() {
        html.line("h3", &[], "MITRE ATT&CK techniques");
        html.tag("p", &[], |html| {
            for (at, one) in report.attack.iter().enumerate() {
                if at > 0 {
                    html.text(", ");
                }
                html.line("a", &[("href", &one.url), ("rel", &"noreferrer")], &one.id);
            }
        });
    }
    if report.clocks.is_empty() {
        return;
    }
    html.line("h3", &[], "Regulatory clocks");
    html.line(
        "p",
        &[("class", &"lead")],
        "Counted from T0, the earliest moment at which anybody could have known. The law itself may count from a later moment, and your lawyers decide whether this incident must be reported.",
    );
    let heads = ["Law", "What is due", "Due", "Left when this was written", "The law counts from"];
    table(html, "Regulatory clocks", &heads, &report.clocks, 20_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| {
                html.line("a", &[("href", &row.url), ("rel", &"noreferrer")], &row.law);
                html.line("div", &[("class", &"by")], &row.article);
            });
            html.line("td", &[], &row.duty);
            html.line("td", &[("class", &"n")], due(row));
            html.tag("td", &[], |html| left(html, row, report.written));
            html.line("td", &[], &row.from);
        });
    });
}

fn due(clock: &Clock) -> String {
    if clock.day { format!("{} US Eastern", clock.due.strftime("%F")) } else { full(clock.due) }
}

fn left(html: &mut Html, clock: &Clock, now: jiff::Timestamp) {
    // A day is not over when it begins.
    let end =
        if clock.day { jiff::SignedDuration::from_hours(29) } else { jiff::SignedDuration::ZERO };
    let left = clock.due.duration_since(now) + end;
    let hours = left.as_hours();
    let text = match hours {
        48.. => format!("{} days {} h", hours / 24, hours % 24),
        _ => look::time(left.unsigned_abs()),
    };
    match left.is_negative() {
        true => chip(html, Tone::Bad, format_args!("over by {}", look::time(left.unsigned_abs()))),
        false if hours < 4 => chip(html, Tone::Care, text),
        false => chip(html, Tone::Good, text),
    }
}
