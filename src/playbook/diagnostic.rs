//! One problem of a playbook: code, message, labelled spans, help. Owns the data and its JSON form, not the drawing
//! (see `render`) and not the explanations (see `codes`).

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::codes;
use super::source::Source;

/// Whether a problem makes the playbook unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warning,
}

/// One problem, at places of one source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, listed in [`codes::CODES`].
    pub code: &'static str,
    pub severity: Level,
    pub message: String,
    /// Byte ranges and what to say there; the first one is the problem's position.
    pub labels: Vec<(Range<usize>, String)>,
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Level::Error, message.into())
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Level::Warning, message.into())
    }

    fn new(code: &'static str, severity: Level, message: String) -> Self {
        debug_assert!(codes::explain(code).is_some(), "`{code}` is not listed in `CODES`");
        Self { code, severity, message, labels: Vec::new(), help: None }
    }

    #[must_use]
    pub fn label(mut self, span: impl Into<Range<usize>>, text: impl Into<String>) -> Self {
        self.labels.push((span.into(), text.into()));
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Level::Error
    }

    /// Byte offset of the problem; the start of the file when it has no place.
    pub fn offset(&self) -> usize {
        self.labels.first().map_or(0, |(range, _)| range.start)
    }
}

/// Diagnostics joined with the text they speak of; this is what implements [`miette::Diagnostic`].
#[derive(Debug, Clone)]
pub struct Report {
    pub source: Arc<Source>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub fn new(name: &str, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let source = Arc::new(Source::new(name, text));
        Self { source, diagnostics }
    }

    /// Each problem as something miette can draw.
    pub fn iter(&self) -> impl Iterator<Item = Placed> + '_ {
        self.diagnostics.iter().map(|diagnostic| Placed {
            text: Arc::clone(&self.source),
            diagnostic: diagnostic.clone(),
        })
    }
}

/// One diagnostic with its source.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", diagnostic.message)]
pub struct Placed {
    text: Arc<Source>,
    diagnostic: Diagnostic,
}

impl miette::Diagnostic for Placed {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Level::Error => miette::Severity::Error,
            Level::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self.text.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(self.diagnostic.labels.iter().map(|(range, text)| {
            miette::LabeledSpan::new(Some(text.clone()), range.start, range.len())
        })))
    }
}

/// The JSON form: one object a problem with `file`, `line`, `column` (1-based, in characters), `severity`, `code`,
/// `message`, `help`.
pub fn to_json(diagnostics: &[Diagnostic], name: &str, text: &str) -> Value {
    let lines = Lines::new(text);
    diagnostics
        .iter()
        .map(|diagnostic| {
            let (line, column) = lines.place(text, diagnostic.offset());
            json!({
                "file": name,
                "line": line,
                "column": column,
                "severity": if diagnostic.is_error() { "error" } else { "warning" },
                "code": diagnostic.code,
                "message": diagnostic.message,
                "help": diagnostic.help,
            })
        })
        .collect()
}

/// Where each line starts.
pub struct Lines(Vec<usize>);

impl Lines {
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect())
    }

    /// 1-based line and column (in characters) of a byte offset.
    pub fn place(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = super::Span::new(offset, offset).within(text).start;
        let line = self.0.partition_point(|start| *start <= offset).max(1);
        let start = self.0.get(line - 1).copied().unwrap_or(0);
        (line, text.get(start..offset).map_or(1, |before| before.chars().count() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_one_based_and_count_characters() {
        let text = "a\nöb\n";
        let lines = Lines::new(text);
        assert_eq!(lines.place(text, 0), (1, 1));
        assert_eq!(lines.place(text, 4), (2, 2));
        assert_eq!(lines.place(text, 99), (3, 1));
    }
}
