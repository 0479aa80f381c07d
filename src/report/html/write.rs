//! Writes HTML that text from outside cannot break. Owns escaping: names of tags and attributes are
//! fixed in the program, everything else goes through [`escape`], and there is no other way in.

use std::{
    fmt::{Display, Write},
    sync::Arc,
};

use crate::text::{is_hidden, one_line};

/// Markup under construction.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

/// Markup that an [`Html`] has written; nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written(Arc<str>);

impl Written {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names and values of attributes. A value is text like any other.
pub(crate) type Attrs<'a> = &'a [(&'static str, &'a dyn Display)];

impl Html {
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// The same, to be put into a page later.
    pub(crate) fn part(self) -> Written {
        Written(self.0.into())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Markup that the program's own source spells out.
    pub(crate) fn fixed(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Markup that this writer has written before.
    pub(crate) fn written(&mut self, part: &Written) {
        self.0.push_str(&part.0);
    }

    pub(crate) fn text(&mut self, text: impl Display) {
        let mut escape = Escape(&mut self.0);
        // Writing to a string cannot fail.
        let _ = write!(escape, "{text}");
    }

    /// A sentence in which backticks mark code, as the program's messages have them.
    pub(crate) fn prose(&mut self, text: impl Display) {
        let text = text.to_string();
        let mut parts = text.split('`').peekable();
        let mut code = false;
        while let Some(part) = parts.next() {
            match (code, parts.peek()) {
                (true, Some(_)) => self.line("code", &[], part),
                // The last backtick has no partner.
                (true, None) => self.text(format_args!("`{part}")),
                (false, _) => self.text(part),
            }
            code = !code;
        }
    }

    /// An element with what `inside` writes.
    pub(crate) fn tag(
        &mut self,
        name: &'static str,
        attrs: Attrs<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(name, attrs);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with text only.
    pub(crate) fn line(&mut self, name: &'static str, attrs: Attrs<'_>, text: impl Display) {
        self.tag(name, attrs, |html| html.text(text));
    }

    /// An element without an end tag. The slash makes that clear to XML parsers as well.
    pub(crate) fn void(&mut self, name: &'static str, attrs: Attrs<'_>) {
        self.shape(name, attrs);
    }

    /// An SVG shape.
    pub(crate) fn shape(&mut self, name: &'static str, attrs: Attrs<'_>) {
        self.open(name, attrs);
        self.0.pop();
        self.0.push_str("/>");
    }

    fn open(&mut self, name: &'static str, attrs: Attrs<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attrs {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(c),
                // A page may be printed into the log of a CI system, which takes these for its own.
                ':' if self.0.ends_with(':') => self.0.push_str("&#58;"),
                '#' if self.0.ends_with('#') => self.0.push_str("&#35;"),
                // What moves or hides text is shown, not done.
                c if is_hidden(c) => self.0.push_str(&one_line(c.encode_utf8(&mut [0; 4]))),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

/// A length in a drawing, with as few digits as it needs.
pub(crate) struct Px(pub f64);

impl Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rounded = (self.0 * 10.0).round() / 10.0;
        if rounded.fract() == 0.0 { write!(f, "{rounded:.0}") } else { write!(f, "{rounded:.1}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_become_markup() {
        let hostile = "\"><script>alert(1)</script>&'\u{202e}\u{0}";
        let mut html = Html::default();
        html.tag("p", &[("title", &hostile)], |html| html.text(hostile));
        let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;\\u{202e}\\x00";
        assert_eq!(html.finish(), format!("<p title=\"{escaped}\">{escaped}</p>"));
    }

    #[test]
    fn backticks_mark_code() {
        let mut html = Html::default();
        html.prose("a `b` c `<d` e ` f");
        assert_eq!(html.finish(), "a <code>b</code> c <code>&lt;d</code> e ` f");
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!([Px(3.0), Px(3.07), Px(-0.04)].map(|px| px.to_string()), ["3", "3.1", "-0"]);
    }
}
