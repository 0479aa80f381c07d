//! Lines of a text for people: one call adds one line, whatever is in it. Styles stay as they are inside of the program.

use std::fmt::Arguments;

use super::{
    escape::{is_hidden, push},
    style::{Part, parts},
};

/// The text on one line: hidden characters and line breaks are shown, the program's own styles stay.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    add(text, &mut out);
    out
}

fn add(text: &str, out: &mut String) {
    if !text.chars().any(is_hidden) {
        return out.push_str(text);
    }
    for part in parts(text) {
        match part {
            Part::Char(c) if is_hidden(c) => push(out, c),
            part => part.push(out),
        }
    }
}

/// Adding to a text line by line; `line!` is the way to call it.
pub(crate) trait AddLine {
    /// One line, whatever is in it.
    fn add_line(&mut self, line: Arguments<'_>);

    /// Lines that were made as such.
    fn add_lines(&mut self, lines: &str);
}

impl AddLine for String {
    fn add_line(&mut self, line: Arguments<'_>) {
        match line.as_str() {
            Some(line) => add(line, self),
            None => add(&line.to_string(), self),
        }
        self.push('\n');
    }

    fn add_lines(&mut self, lines: &str) {
        for line in lines.lines() {
            add(line, self);
            self.push('\n');
        }
    }
}

/// `line!(out, "...", ..)` as `writeln!`: adds one line, with the line breaks of its values shown.
macro_rules! line {
    ($out:expr) => {
        line!($out, "")
    };
    ($out:expr, $($arg:tt)*) => {{
        use $crate::text::AddLine as _;
        $out.add_line(format_args!($($arg)*));
    }};
}
pub(crate) use line;
