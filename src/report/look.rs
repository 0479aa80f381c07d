//! How text looks: colour or none, width, values for people. Owns the words for verdicts and states
//! in colour; everything stays readable without it.

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::{
    engine::Verdict,
    text::{self, Part, line, parts},
};

/// What the output can show.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub color: bool,
    pub width: usize,
}

pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const CARE: Style = AnsiColor::Yellow.on_default();
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();
pub const NAME: Style = AnsiColor::Cyan.on_default();

impl Look {
    pub const PLAIN: Self = Self { color: false, width: 100 };

    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color { text::paint(style, text) } else { text.into() }
    }

    pub fn verdict(&self, verdict: &Verdict) -> String {
        let style = match verdict {
            Verdict::Proven => GOOD,
            Verdict::Presumed { .. } => CARE,
            Verdict::Failed { .. } => BAD,
        };
        self.paint(style, verdict.word())
    }
}

/// A value on one line of at most `max` characters, as people write it.
pub fn value(value: &Value, max: usize) -> String {
    shorten(&whole(value), max)
}

/// A value on one line, whole.
pub fn whole(value: &Value) -> String {
    match value {
        Value::Null => "absent".into(),
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) => clean(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(whole).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let field =
                |(name, value): (&String, &Value)| format!("{}: {}", clean(name), whole(value));
            let fields: Vec<_> = map.iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A value over as many lines as it needs: `lead` before the first, as many spaces before the rest.
pub fn block(value: &Value, lead: &str, width: usize) -> String {
    let one_line = whole(value);
    if one_line.chars().count() + lead.len() <= width || !(value.is_object() || value.is_array()) {
        return format!("{lead}{one_line}");
    }
    let indent = " ".repeat(lead.chars().count());
    let pretty = serde_json::to_string_pretty(value).unwrap_or(one_line);
    // JSON shows line breaks by itself.
    let lines: Vec<_> = pretty.lines().map(text::one_line).collect();
    format!("{lead}{}", lines.join(&("\n".to_owned() + &indent)))
}

/// Text broken between words, each line behind `indent`.
pub fn wrap(text: &str, indent: &str, width: usize) -> String {
    let (text, mut lines) = (text::one_line(text), vec![indent.to_owned()]);
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| seen(line));
        if last + seen(word) + 1 > width && last > indent.len() {
            lines.push(indent.to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if line.len() > indent.len() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// A value from outside on one line: what nobody can see in it is shown.
pub fn clean(text: &str) -> String {
    text::value(text).into_owned()
}

/// A sentence of a file on one line: where the file breaks it says nothing.
pub fn flow(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.into();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// `1.2 s`, `2 min 05 s`, `1 h 02 min`.
pub fn time(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Rows with their columns aligned; cells may be painted.
pub fn table(rows: &[Vec<String>]) -> String {
    let whole = |row: &Vec<String>| row.iter().map(|cell| text::one_line(cell)).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(whole).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|c| seen(c)).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - seen(cell) + 2));
        }
        line!(text, "{}", line.trim_end());
    }
    text
}

fn seen(text: &str) -> usize {
    parts(text).filter(|part| matches!(part, Part::Char(_))).count()
}
