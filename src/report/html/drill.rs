//! The scorecard of a drill: objectives against their budgets, and the three clocks of each
//! detection.

use super::{
    Html, Px,
    view::{View, chip, class, seconds, table},
};
use crate::{
    drill::score::{Objective, Outcome, Scorecard},
    report::{look, model::Tone},
};

pub(super) fn scorecard(view: &View<'_>, html: &mut Html) {
    let Some(card) = &view.report.drill else { return };
    let heads = ["Objective", "Outcome", "Took", "Of its budget", "Note"];
    table(html, "Objectives", &heads, &card.objectives, 60_000, |html, _, row| {
        html.tag("tr", &[], |html| {
            html.tag("th", &[("scope", &"row")], |html| {
                html.text(&row.name);
                html.line("div", &[("class", &"by")], row.part.word());
            });
            html.tag("td", &[], |html| {
                chip(html, tone(row), row.outcome.word());
                if row.accepted {
                    html.line("div", &[("class", &"by")], "accepted");
                }
            });
            html.line("td", &[("class", &"n")], row.took.map_or_else(String::new, seconds));
            html.tag("td", &[], |html| budget(html, row));
            html.tag("td", &[("class", &"why")], |html| {
                html.prose(look::shorten(&row.note, 400));
                if !row.proof.is_empty() {
                    let proof = format!("proven by {}", row.proof.join(", "));
                    html.line("div", &[("class", &"by")], proof);
                }
                for figure in &row.figures {
                    let text = format!("{}: {}", figure.name, seconds(figure.seconds()));
                    html.line("div", &[("class", &"by")], text);
                }
            });
        });
    });
    tried_again(card, html);
    let timed: Vec<_> =
        card.objectives.iter().filter_map(|one| Some((one, one.clocks.as_ref()?))).collect();
    if timed.is_empty() {
        return;
    }
    html.line("h3", &[], "The clocks of each detection, on AWS's time");
    let heads = ["Detection", "Fault effective", "Created", "Received"];
    table(html, "Detection clocks", &heads, &timed, 30_000, |html, _, (one, clocks)| {
        html.tag("tr", &[], |html| {
            html.line("th", &[("scope", &"row")], &one.name);
            for at in [clocks.effective, clocks.created, clocks.received] {
                html.tag("td", &[("class", &"n")], |html| {
                    let Some(at) = at else { return html.text("never") };
                    view.time(html, at);
                    if let Some(from) = clocks.effective.filter(|from| *from != at) {
                        let after = at.duration_since(from).as_secs_f64();
                        html.line("div", &[("class", &"by")], format_args!("+{after:.1} s"));
                    }
                });
            }
        });
    });
}

/// What the response said of itself beside what the attacker could still do.
fn tried_again(card: &Scorecard, html: &mut Html) {
    let tried: Vec<_> = card.objectives.iter().flat_map(|one| &one.calls).collect();
    if tried.is_empty() {
        return;
    }
    let said = card.said.unwrap_or_default().words();
    html.line("h3", &[], format_args!("The response says: {said}. The attacker tried again"));
    let heads = ["Call", "Outcome", "As", "AWS's code"];
    table(html, "What the attacker tried again", &heads, &tried, 30_000, |html, _, call| {
        html.tag("tr", &[], |html| {
            html.line("th", &[("scope", &"row")], &call.call);
            html.tag("td", &[], |html| {
                let tone = match call.outcome.as_str() {
                    "refused" => Tone::Good,
                    "still-works" => Tone::Bad,
                    _ => Tone::Care,
                };
                chip(html, tone, &call.outcome);
            });
            html.line("td", &[], &call.principal);
            html.line("td", &[], call.code.as_deref().unwrap_or_default());
        });
    });
}

pub(crate) fn tone(one: &Objective) -> Tone {
    match one.outcome {
        Outcome::Pass => Tone::Good,
        _ if one.accepted => Tone::Care,
        Outcome::Unverified | Outcome::PlumbingOnly | Outcome::Late => Tone::Care,
        Outcome::NotRun => Tone::Quiet,
        _ => Tone::Bad,
    }
}

/// A bar to the measured time, with a line where the budget ends.
fn budget(html: &mut Html, row: &Objective) {
    let (Some(took), Some(budget)) = (row.took, row.budget) else {
        return html.text(row.budget.map_or_else(String::new, seconds));
    };
    let whole = took.max(budget).max(0.001) * 1.05;
    let x = |time: f64| Px(time / whole * 160.0);
    let label = format!("{} of {}", seconds(took), seconds(budget));
    html.tag(
        "svg",
        &[("width", &160), ("height", &14), ("role", &"img"), ("aria-label", &label)],
        |html| {
            html.shape(
                "rect",
                &[("class", &"track"), ("width", &160), ("y", &3), ("height", &8), ("rx", &2)],
            );
            let bar = format!("bar {}", class(tone(row)));
            html.shape(
                "rect",
                &[("class", &bar), ("width", &x(took)), ("y", &3), ("height", &8), ("rx", &2)],
            );
            html.shape("path", &[("class", &"limit"), ("d", &format_args!("M{} 0v14", x(budget)))]);
        },
    );
    html.line("div", &[("class", &"by")], format_args!("budget {}", seconds(budget)));
}
