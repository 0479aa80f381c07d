//! Diagnostics as text for people. Owns the look, and that nothing of a file is obeyed where it is quoted; the caller
//! decides where it goes.

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::diagnostic::{Diagnostic, Report};
use crate::text::{adopt, is_hidden, line, one_line};

/// So many are drawn; nobody reads more.
const DRAWN: usize = 100;

/// All `diagnostics` of the file `name`, drawn with source excerpts.
pub fn render(
    diagnostics: &[Diagnostic],
    name: &str,
    text: &str,
    color: bool,
    width: usize,
) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width.max(40))
        .with_links(false)
        .with_context_lines(1);
    let drawn = diagnostics.len().min(DRAWN);
    let quoted = Quoted::of(text);
    let report = Report::new(
        &one_line(name),
        quoted.shown(),
        diagnostics.iter().take(drawn).map(|problem| quoted.place(&clamp(problem, text))).collect(),
    );
    let mut out = String::new();
    for placed in report.iter() {
        if handler.render_report(&mut out, &placed).is_err() {
            // A problem that cannot be drawn is still reported.
            line!(out, "{placed}");
        }
        out.push('\n');
    }
    if diagnostics.len() > drawn {
        line!(out, "and {} more problems", diagnostics.len() - drawn);
    }
    // The colours are miette's: it was given nothing that could be taken for one.
    adopt(&out)
}

/// The text of a file with what is hidden in it shown, and where each of its places is then.
struct Quoted<'a> {
    text: &'a str,
    /// None where nothing is hidden.
    shown: Option<String>,
}

impl<'a> Quoted<'a> {
    fn of(text: &'a str) -> Self {
        if !text.contains(|c| is_hidden(c) && c != '\n' && c != '\t') {
            return Self { text, shown: None };
        }
        let mut shown = String::new();
        pieces(text).for_each(|(_, piece)| shown.push_str(&piece));
        Self { text, shown: (shown != text).then_some(shown) }
    }

    fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(self.text)
    }

    fn place(&self, diagnostic: &Diagnostic) -> Diagnostic {
        let mut placed = diagnostic.clone();
        placed.message = one_line(&placed.message);
        placed.help = placed.help.map(|help| lines(&help));
        for (range, label) in &mut placed.labels {
            *range = self.moved(range.start)..self.moved(range.end);
            *label = one_line(label);
        }
        placed
    }

    fn moved(&self, offset: usize) -> usize {
        match self.shown {
            None => offset,
            Some(_) => {
                let before = pieces(self.text).take_while(|(at, _)| *at < offset);
                before.map(|(_, piece)| piece.len()).sum()
            }
        }
    }
}

/// Each character of a text as it is shown, with where it stands. Ends of lines stay.
fn pieces(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.char_indices().map(|(at, c)| {
        let ends_line = c == '\n' || c == '\r' && text[at..].starts_with("\r\n");
        let stays = ends_line || c == '\t' || !is_hidden(c);
        (at, if stays { c.to_string() } else { one_line(c.encode_utf8(&mut [0; 4])) })
    })
}

fn lines(text: &str) -> String {
    text.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

/// Labels inside the text and on character borders, or miette would refuse the whole report.
fn clamp(diagnostic: &Diagnostic, text: &str) -> Diagnostic {
    let mut clamped = diagnostic.clone();
    for (range, _) in &mut clamped.labels {
        *range = super::Span::new(range.start, range.end).within(text);
    }
    clamped
}
