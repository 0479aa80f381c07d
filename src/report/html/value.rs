//! Values before and after, so that the difference can be seen: short ones on one line, long ones as
//! a difference by lines.

use serde_json::Value;

use super::Html;
use crate::report::look;

const SHORT: usize = 64;
/// Longer texts are cut here; the journal has them whole.
const LINES: usize = 60;

/// `before` to `after`.
pub(super) fn change(html: &mut Html, before: &Value, after: &Value) {
    let (was, now) = (look::whole(before), look::whole(after));
    let count = was.chars().count() + now.chars().count();
    if was.chars().count() <= SHORT && now.chars().count() <= SHORT {
        html.line("span", &[("class", &"was m")], was);
        html.text(" → ");
        html.line("span", &[("class", &"now m")], now);
        return;
    }
    let (was, now) = (lines(before), lines(after));
    let summary = match (before, after) {
        (Value::Null, _) => "absent → present".to_owned(),
        (_, Value::Null) => "present → absent".to_owned(),
        _ => {
            let diff = difference(&was, &now);
            let changed = |wanted: Line| diff.iter().filter(|(line, _)| *line == wanted).count();
            format!("−{} +{} lines", changed(Line::Was), changed(Line::Now))
        }
    };
    html.tag("details", &[], |html| {
        html.line("summary", &[], summary);
        html.tag("pre", &[("class", &"diff")], |html| {
            for (line, text) in difference(&was, &now) {
                match line {
                    Line::Same => html.text(format_args!("  {text}\n")),
                    Line::Was => html.line("del", &[], format_args!("- {text}")),
                    Line::Now => html.line("ins", &[], format_args!("+ {text}")),
                }
            }
            if count > 4000 {
                html.text("(cut; the journal has all of it)");
            }
        });
    });
}

/// A value for reading, behind a word to open it with.
pub(super) fn facts(html: &mut Html, what: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    html.tag("details", &[], |html| {
        html.line("summary", &[], what);
        html.line("pre", &[], lines(value).join("\n"));
    });
}

/// A text that holds JSON, such as a policy, is shown as JSON.
fn lines(value: &Value) -> Vec<String> {
    if value.is_null() {
        return Vec::new();
    }
    let inner = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let inner = inner.filter(|inner| inner.is_object() || inner.is_array());
    let text = match (&inner, value) {
        (Some(inner), _) => serde_json::to_string_pretty(inner),
        (None, Value::String(text)) => Ok(text.clone()),
        (None, other) => serde_json::to_string_pretty(other),
    };
    let text = text.unwrap_or_default();
    text.lines().take(LINES).map(|line| look::shorten(line, 240)).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Same,
    Was,
    Now,
}

/// The longest common lines stay; at most two of them around a difference.
fn difference<'a>(was: &'a [String], now: &'a [String]) -> Vec<(Line, &'a str)> {
    let mut best = vec![vec![0_usize; now.len() + 1]; was.len() + 1];
    for a in (0..was.len()).rev() {
        for b in (0..now.len()).rev() {
            best[a][b] = if was[a] == now[b] {
                best[a + 1][b + 1] + 1
            } else {
                best[a + 1][b].max(best[a][b + 1])
            };
        }
    }
    let (mut a, mut b, mut found) = (0, 0, Vec::new());
    while a < was.len() || b < now.len() {
        if a < was.len() && b < now.len() && was[a] == now[b] {
            found.push((Line::Same, was[a].as_str()));
            (a, b) = (a + 1, b + 1);
        } else if b < now.len() && (a == was.len() || best[a][b + 1] > best[a + 1][b]) {
            found.push((Line::Now, now[b].as_str()));
            b += 1;
        } else {
            found.push((Line::Was, was[a].as_str()));
            a += 1;
        }
    }
    let near: Vec<bool> = (0..found.len())
        .map(|at| {
            let around = at.saturating_sub(2)..(at + 3).min(found.len());
            found[around].iter().any(|(line, _)| *line != Line::Same)
        })
        .collect();
    found.into_iter().zip(near).filter(|(_, near)| *near).map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_changed_and_little_around_it() {
        let text = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (was, now) = (text("a b c d e f g"), text("a b c d X f g"));
        let shown: Vec<_> = difference(&was, &now).into_iter().map(|(_, text)| text).collect();
        assert_eq!(shown, ["c", "d", "e", "X", "f", "g"]);
    }
}
