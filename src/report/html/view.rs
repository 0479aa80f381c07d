//! What the sections share: where a step's row is, how moments and times are written, chips, tables
//! that end before they grow too large.

use std::{collections::HashMap, fmt::Display};

use jiff::Timestamp;

use super::Html;
use crate::report::{
    look,
    model::{Report, Tone},
};

/// A report with its look-ups.
pub(super) struct View<'a> {
    pub report: &'a Report,
    pub steps: HashMap<&'a str, usize>,
    /// The first record's day: only other days are written out.
    day: Option<String>,
}

impl<'a> View<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let steps = report.steps.iter().enumerate().map(|(at, row)| (row.id.as_str(), at));
        let day = report.run.started.map(|at| at.strftime("%F").to_string());
        Self { report, steps: steps.collect(), day }
    }

    /// A step's name, as a link to its row.
    pub(super) fn step(&self, html: &mut Html, id: &str) {
        match self.steps.get(id) {
            Some(at) => {
                let href = format!("#s{at}");
                html.tag("a", &[("href", &href)], |html| html.line("code", &[], id));
            }
            None => html.line("code", &[], id),
        }
    }

    /// A moment: its time of day, with the day where it is another than the run's.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        let day = at.strftime("%F").to_string();
        let time = at.strftime("%T");
        if self.day.as_ref() == Some(&day) { time.to_string() } else { format!("{day} {time}") }
    }

    pub(super) fn time(&self, html: &mut Html, at: Timestamp) {
        let exact = at.to_string();
        html.line("time", &[("datetime", &exact), ("title", &exact)], self.clock(at));
    }
}

pub(super) fn full(at: Timestamp) -> String {
    at.strftime("%F %T UTC").to_string()
}

pub(super) fn seconds(seconds: f64) -> String {
    look::time(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    look::time(to.duration_since(from).unsigned_abs())
}

pub(crate) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Care => "care",
        Tone::Bad => "bad",
        Tone::Quiet => "quiet",
    }
}

/// A mark that is recognisable without its colour.
pub(super) fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✓",
        Tone::Care => "!",
        Tone::Bad => "✕",
        Tone::Quiet => "–",
    }
}

pub(crate) fn chip(html: &mut Html, tone: Tone, text: impl Display) {
    html.tag("span", &[("class", &format_args!("chip {}", class(tone)))], |html| {
        html.line("span", &[("aria-hidden", &"true")], format_args!("{} ", sign(tone)));
        html.text(text);
    });
}

pub(super) fn verdict_tone(word: &str) -> Tone {
    match word {
        "proven" => Tone::Good,
        "presumed" => Tone::Care,
        _ => Tone::Bad,
    }
}

/// A table that scrolls on its own if it is too wide, also by keyboard. It stops at `limit` bytes and reports what
/// is missing.
pub(super) fn table<T>(
    html: &mut Html,
    name: &str,
    heads: &[&'static str],
    rows: &[T],
    limit: usize,
    mut row: impl FnMut(&mut Html, usize, &T),
) {
    let attrs: super::write::Attrs<'_> =
        &[("class", &"scroll"), ("role", &"group"), ("tabindex", &"0"), ("aria-label", &name)];
    html.tag("div", attrs, |html| {
        html.tag("table", &[], |html| {
            html.tag("thead", &[], |html| {
                html.tag("tr", &[], |html| {
                    for head in heads {
                        html.line("th", &[("scope", &"col")], head);
                    }
                });
            });
            html.tag("tbody", &[], |html| {
                let end = html.len() + limit;
                for (at, one) in rows.iter().enumerate() {
                    if html.len() > end {
                        html.tag("tr", &[], |html| more(html, heads.len(), rows.len() - at));
                        break;
                    }
                    row(html, at, one);
                }
            });
        });
    });
}

fn more(html: &mut Html, columns: usize, left: usize) {
    html.tag("td", &[("colspan", &columns)], |html| {
        html.text(format_args!("{left} more; "));
        html.line("code", &[], "backburn report RUN --format json");
        html.text(" has them all");
    });
}
