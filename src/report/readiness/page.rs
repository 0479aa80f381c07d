//! The readiness page: the matrix first, then each drill with the trend of its clocks.

use std::fmt::Write;

use jiff::Timestamp;

use super::{Cell, Drill, Readiness, Trend, tone};
use crate::report::{
    html::{Attrs, Html, Px, chip, class, document},
    look,
    model::{Tone, technique},
    plan::plural,
};

/// One page without network or script.
pub fn html(readiness: &Readiness) -> String {
    document("backburn readiness", |html| {
        html.tag("header", &[("class", &"top")], |html| {
            html.line("b", &[], "backburn");
            html.line("span", &[], "readiness");
            html.line("span", &[("class", &"m")], readiness.written.strftime("%F %T UTC"));
        });
        html.tag("nav", &[("aria-label", &"Sections")], |html| {
            html.tag("ul", &[], |html| {
                for (href, text) in [("#matrix", "Matrix"), ("#drills", "Drills")] {
                    html.tag("li", &[], |html| html.line("a", &[("href", &href)], text));
                }
            });
        });
        html.tag("main", &[("id", &"main")], |html| {
            hero(readiness, html);
            section(html, "matrix", "Playbooks by technique", |html| matrix(readiness, html));
            section(html, "drills", "Drills", |html| {
                if readiness.drills.is_empty() {
                    html.line("p", &[], "There is no simulation and no drill has run.");
                }
                readiness.drills.iter().for_each(|drill| one(drill, readiness.written, html));
            });
            if !readiness.not_counted.is_empty() {
                section(html, "not-counted", "Not counted", |html| {
                    html.line(
                        "p",
                        &[],
                        "These runs have a scorecard that no journal of this user's vouches for.",
                    );
                    html.tag("ul", &[], |html| {
                        for one in &readiness.not_counted {
                            html.line("li", &[], format_args!("{}: {}", one.run, one.why));
                        }
                    });
                });
            }
        });
        html.tag("footer", &[("class", &"foot")], |html| {
            html.text(format_args!(
                "Written by backburn {}. Times are UTC.",
                env!("CARGO_PKG_VERSION")
            ));
        });
    })
}

fn section(
    html: &mut Html,
    id: &'static str,
    heading: &'static str,
    inside: impl FnOnce(&mut Html),
) {
    let label = format!("{id}-h");
    html.tag("section", &[("id", &id), ("aria-labelledby", &label)], |html| {
        html.line("h2", &[("id", &label)], heading);
        inside(html);
    });
}

fn hero(readiness: &Readiness, html: &mut Html) {
    let cells = readiness.playbooks.iter().flat_map(|row| &row.cells);
    let (mut asked, mut passed) = (0, 0);
    for cell in cells {
        asked += usize::from(*cell != Cell::None);
        passed += usize::from(
            matches!(cell, Cell::Drilled { outcome, .. } if tone(*outcome) == Tone::Good),
        );
    }
    let stale = readiness.stale().len();
    let tone = match passed {
        _ if stale > 0 || asked == 0 => Tone::Care,
        all if all == asked => Tone::Good,
        0 => Tone::Bad,
        _ => Tone::Care,
    };
    html.tag("div", &[("class", &format_args!("hero {}", class(tone)))], |html| {
        html.line("h1", &[], "Readiness");
        let mut line =
            format!("{passed} of {asked} answers to a technique passed their last drill");
        if stale > 0 {
            let _ = write!(line, "; {} stale", look_plural(stale));
        }
        html.line("p", &[("class", &"headline")], line);
    });
}

fn look_plural(count: usize) -> String {
    crate::report::plan::plural(count, "drill")
}

fn scrolled(html: &mut Html, name: &'static str, inside: impl FnOnce(&mut Html)) {
    let attrs: Attrs<'_> =
        &[("class", &"scroll"), ("role", &"group"), ("tabindex", &"0"), ("aria-label", &name)];
    html.tag("div", attrs, |html| html.tag("table", &[], inside));
}

fn matrix(readiness: &Readiness, html: &mut Html) {
    scrolled(html, "Playbooks by technique", |html| {
        html.tag("thead", &[], |html| {
            html.tag("tr", &[], |html| {
                html.line("th", &[("scope", &"col")], "Playbook");
                for id in &readiness.techniques {
                    html.tag(
                        "th",
                        &[("scope", &"col"), ("class", &"tech")],
                        |html| match technique(id.clone()) {
                            Some(one) => html.line(
                                "a",
                                &[("href", &one.url), ("rel", &"noreferrer")],
                                one.id,
                            ),
                            None => html.text(id),
                        },
                    );
                }
            });
        });
        html.tag("tbody", &[], |html| {
            for row in &readiness.playbooks {
                html.tag("tr", &[], |html| {
                    html.tag("th", &[("scope", &"row")], |html| {
                        html.line("code", &[], &row.playbook);
                        html.line("div", &[("class", &"by")], look::shorten(&row.title, 80));
                    });
                    for cell in &row.cells {
                        html.tag("td", &[("class", &"cell")], |html| {
                            shown(cell, readiness.written, html);
                        });
                    }
                });
            }
        });
    });
    html.line(
        "p",
        &[("class", &"by")],
        "no drill: the playbook claims to answer the technique, and no simulation tests it. lab: drilled on a local endpoint, which shows order and plumbing but not AWS's behaviour.",
    );
}

fn shown(cell: &Cell, now: Timestamp, html: &mut Html) {
    match cell {
        Cell::None => {}
        Cell::Gap => chip(html, Tone::Bad, "no drill"),
        Cell::Never => chip(html, Tone::Quiet, "never"),
        Cell::Drilled { drill, outcome, at, local, .. } => {
            chip(html, tone(*outcome), outcome.word());
            html.tag("div", &[("class", &"by")], |html| {
                html.tag("a", &[("href", &format_args!("#d-{drill}"))], |html| {
                    html.text(ago(*at, now));
                });
                if *local {
                    html.text(", lab");
                }
            });
        }
    }
}

/// `today`, `3 days ago`.
fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_hours() / 24 {
        ..=0 => "today".into(),
        1 => "1 day ago".into(),
        days => format!("{days} days ago"),
    }
}

fn one(drill: &Drill, now: Timestamp, html: &mut Html) {
    html.tag("h3", &[("id", &format_args!("d-{}", drill.id))], |html| {
        html.line("code", &[], &drill.id);
        html.text(format_args!(" {}", drill.title));
    });
    html.tag("p", &[], |html| {
        match drill.history.last() {
            None => chip(html, Tone::Quiet, "never drilled"),
            Some(last) => {
                chip(html, tone(last.outcome), last.outcome.word());
                html.text(format_args!(" {}, run ", ago(last.at, now)));
                html.line("code", &[], &last.run);
            }
        }
        if drill.stale {
            html.text(" ");
            chip(html, Tone::Bad, "stale");
        }
        if let Some(due) = drill.overdue {
            html.text(" ");
            chip(html, Tone::Care, format_args!("overdue since {}", due.strftime("%F %H:%M")));
        }
        if drill.gone {
            html.text(" its simulation is no longer there");
        }
    });
    if drill.history.len() > 1 {
        html.tag("p", &[("class", &"by")], |html| {
            html.text("Earlier, latest first: ");
            for past in drill.history.iter().rev().skip(1).take(12) {
                chip(html, tone(past.outcome), past.at.strftime("%F"));
                html.text(" ");
            }
        });
    }
    if drill.trends.is_empty() {
        return;
    }
    scrolled(html, "Clocks", |html| {
        html.tag("thead", &[], |html| {
            html.tag("tr", &[], |html| {
                for head in ["Clock", "Last", "Budget", "Change", "Trend"] {
                    html.line("th", &[("scope", &"col")], head);
                }
            });
        });
        html.tag("tbody", &[], |html| drill.trends.iter().for_each(|trend| row(trend, html)));
    });
}

fn row(trend: &Trend, html: &mut Html) {
    let took: Vec<f64> = trend.points.iter().map(|(_, took)| *took).collect();
    let last = took.last().copied().unwrap_or_default();
    let before = took.len().checked_sub(2).map(|at| took[at]);
    let change =
        before.map_or_else(|| "first".to_owned(), |before| format!("{:+.1} s", last - before));
    let tone = match trend.budget {
        Some(budget) if last > budget => Tone::Bad,
        _ => Tone::Good,
    };
    html.tag("tr", &[], |html| {
        html.tag("th", &[("scope", &"row")], |html| {
            html.text(&trend.name);
            html.line("div", &[("class", &"by")], &trend.part);
        });
        html.tag("td", &[], |html| chip(html, tone, time(last)));
        html.line("td", &[("class", &"n")], trend.budget.map_or_else(String::new, time));
        html.line("td", &[("class", &"n")], change);
        html.tag("td", &[], |html| spark(trend, &took, tone, html));
    });
}

/// The last runs as a line, with the budget as a rule across.
fn spark(trend: &Trend, took: &[f64], tone: Tone, html: &mut Html) {
    let took = &took[took.len().saturating_sub(24)..];
    let most = took.iter().copied().chain(trend.budget).fold(0.001, f64::max) * 1.1;
    let (width, height) = (170.0, 34.0);
    let y = |value: f64| height - value / most * height;
    let x = |at: usize| 4.0 + at as f64 * (width - 8.0) / (took.len().max(2) - 1) as f64;
    let mut line = String::new();
    for (at, value) in took.iter().enumerate() {
        let _ = write!(line, "{}{} {}", if at == 0 { "M" } else { "L" }, Px(x(at)), Px(y(*value)));
    }
    let said: Vec<_> = took.iter().map(|took| time(*took)).collect();
    let label = format!("{}: {}", plural(took.len(), "run"), said.join(", "));
    let attrs: Attrs<'_> =
        &[("width", &Px(width)), ("height", &Px(height)), ("role", &"img"), ("aria-label", &label)];
    html.tag("svg", attrs, |html| {
        if let Some(budget) = trend.budget {
            let rule = format!("M0 {}H{}", Px(y(budget)), Px(width));
            html.shape("path", &[("class", &"moment bad"), ("d", &rule)]);
        }
        html.tag("g", &[("class", &class(tone))], |html| {
            html.shape("path", &[("class", &"trend"), ("d", &line)]);
            if let Some(value) = took.last() {
                let (x, y) = (Px(x(took.len() - 1)), Px(y(*value)));
                html.shape("circle", &[("class", &"pin"), ("cx", &x), ("cy", &y), ("r", &4)]);
            }
        });
    });
}

fn time(seconds: f64) -> String {
    look::time(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
