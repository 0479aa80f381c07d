//! Steps, changes, operations and evidence as tables. Owns which columns there are.

use super::{
    Html, graph_svg, value,
    view::{View, between, chip, table},
};
use crate::{
    engine::How,
    report::{
        look,
        model::{State, Tone},
    },
};

pub(super) fn steps(view: &View<'_>, html: &mut Html) {
    graph_svg::draw(view, html);
    html.line("h3", &[], "Every step");
    let heads = ["Step", "State", "Started", "Took", "Action", "Who", "Waits for"];
    let rows = &view.report.steps;
    table(html, "Steps", &heads, rows, 230_000, |html, at, row| {
        html.tag("tr", &[("id", &format_args!("s{at}"))], |html| {
            html.tag("th", &[("scope", &"row")], |html| {
                html.line("code", &[], &row.id);
                if let Some(title) = &row.title {
                    html.line("div", &[("class", &"by")], look::shorten(title, 160));
                }
            });
            html.tag("td", &[], |html| {
                chip(html, row.state.tone(), row.state.word());
                if row.attempts > 1 {
                    html.line(
                        "div",
                        &[("class", &"by")],
                        format_args!("{} attempts", row.attempts),
                    );
                }
                if let Some(why) = &row.why {
                    let why = look::shorten(why, 300);
                    html.tag("div", &[("class", &"by")], |html| html.prose(why));
                }
            });
            html.tag("td", &[("class", &"n")], |html| {
                row.started.iter().for_each(|at| view.time(html, *at));
            });
            html.tag("td", &[("class", &"n")], |html| {
                if let Some((from, to)) = row.started.zip(row.ended) {
                    html.text(between(from, to));
                }
                if row.critical {
                    html.line("div", &[("class", &"by")], "critical");
                }
            });
            html.tag("td", &[], |html| {
                html.line("code", &[], &row.uses);
                html.line("div", &[("class", &"by")], row.phase);
            });
            html.tag("td", &[], |html| {
                html.text(row.owner.as_deref().unwrap_or_default());
                html.line("div", &[("class", &"by")], &row.responsibility);
            });
            let needs: Vec<_> = row.needs.iter().map(|need| need.step.as_str()).collect();
            html.tag("td", &[], |html| html.line("span", &[("class", &"m")], needs.join(", ")));
        });
    });
}

pub(super) fn changes(view: &View<'_>, html: &mut Html) {
    let rows = &view.report.changes;
    if rows.is_empty() {
        html.line("p", &[("class", &"lead")], "The run changed nothing.");
        return;
    }
    let lead = "Each setting as it was read just before, and as it read back after. `stands` means that the account has the new value now.";
    html.tag("p", &[("class", &"lead")], |html| html.prose(lead));
    let heads = ["Setting", "Before → after", "Release", "Step", "At"];
    table(html, "Changes", &heads, rows, 260_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| {
                html.line("code", &[], look::shorten(&row.target, 200));
                html.line("div", &[("class", &"by")], &row.kind);
            });
            html.tag("td", &[], |html| value::change(html, &row.before, &row.after));
            html.tag("td", &[], |html| {
                chip(html, row.tone, &row.state);
                if let Some(note) = &row.note {
                    let note = look::shorten(note, 400);
                    html.tag("div", &[("class", &"by")], |html| html.prose(note));
                } else if row.state == "stands" {
                    html.line("div", &[("class", &"by")], how(row.how));
                }
            });
            html.tag("td", &[], |html| view.step(html, &row.step));
            html.tag("td", &[("class", &"n")], |html| view.time(html, row.at));
        });
    });
}

fn how(how: How) -> &'static str {
    match how {
        How::Restored => "release sets it back",
        How::Removed => "release removes it",
        How::Retained => "release keeps it",
    }
}

pub(super) fn operations(view: &View<'_>, html: &mut Html) {
    let rows = &view.report.operations;
    if rows.is_empty() {
        html.line("p", &[("class", &"lead")], "The run started no long job of AWS.");
        return;
    }
    html.line(
        "p",
        &[("class", &"lead")],
        "Jobs that AWS did for the run, and what they leave in the account.",
    );
    let heads = ["Operation", "Leaves", "State", "Took", "Step"];
    table(html, "Operations", &heads, rows, 60_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| {
                html.line("code", &[], look::shorten(&row.target, 200));
                html.line("div", &[("class", &"by")], &row.kind);
            });
            html.tag("td", &[], |html| {
                html.prose(look::shorten(&row.leaves, 300));
                if let Some(job) = &row.job {
                    html.line("div", &[("class", &"by m")], look::shorten(job, 200));
                }
            });
            html.tag("td", &[], |html| chip(html, row.tone, &row.state));
            html.line(
                "td",
                &[("class", &"n")],
                row.ended.map_or_else(String::new, |to| between(row.started, to)),
            );
            html.tag("td", &[], |html| view.step(html, &row.step));
        });
    });
}

pub(super) fn evidence(view: &View<'_>, html: &mut Html) {
    let rows = &view.report.evidence;
    let kept = view
        .report
        .operations
        .iter()
        .filter(|row| row.state == "completed" || row.state == "retained");
    let lead = match (rows.len(), kept.count()) {
        (0, 0) => "The run kept no evidence.",
        (0, _) => {
            "No file was kept. What AWS made and the account holds, such as snapshots, is under AWS operations."
        }
        _ => {
            "Files beside the journal, with the hash that was journaled when each was kept. What AWS made, such as snapshots, is under AWS operations."
        }
    };
    html.tag("p", &[("class", &"lead")], |html| html.prose(lead));
    if rows.is_empty() {
        return;
    }
    let heads = ["File", "SHA-256", "Bytes", "Now", "Step", "At"];
    table(html, "Evidence", &heads, rows, 60_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| html.line("code", &[], &row.file));
            html.line("td", &[("class", &"hash")], &row.sha256);
            html.line("td", &[("class", &"n")], row.bytes);
            html.tag("td", &[], |html| {
                let (tone, word) = match row.same {
                    Some(true) => (Tone::Good, "as recorded"),
                    Some(false) => (Tone::Bad, "changed"),
                    None => (Tone::Bad, "missing"),
                };
                chip(html, tone, word);
            });
            html.tag("td", &[], |html| view.step(html, &row.step));
            html.tag("td", &[("class", &"n")], |html| view.time(html, row.at));
        });
    });
    html.line("h3", &[], "Check it yourself");
    html.line("p", &[], "In the run's directory, with no part of this program:");
    html.tag("pre", &[], |html| {
        html.text("sha256sum --check <<'END'\n");
        for row in rows.iter().take(200) {
            // A name with a line break could pass for another line.
            html.text(format_args!("{}  {}\n", row.sha256, look::clean(&row.file)));
        }
        html.text("END");
    });
}

/// Whether a state has an end that a person should look at.
pub(super) fn is_off(state: State) -> bool {
    matches!(state, State::Skipped | State::NotRun)
}
