//! The two streams, and what may be written to them.

use std::io::{self, IsTerminal, Write};

use super::{
    escape::{is_hidden, push},
    style::{Part, parts},
};

/// Text that may be written to a stream. Only the functions here make one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready(String);

impl Ready {
    /// Lines for people. The program's own styles become escape sequences; every other character that is hidden is
    /// shown, but line breaks and tabs; and nothing in it is a command to a CI system.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut this = Self::default();
        this.push(text);
        this
    }

    /// The same without styles, for a file.
    #[must_use]
    pub fn file(text: &str) -> String {
        let mut this = Self::default();
        this.add(text, false, true);
        this.0
    }

    /// Text in a format whose maker has escaped its values, such as a page, or commands to the runner of a CI system.
    /// What is hidden is still shown.
    #[must_use]
    pub fn format(text: &str) -> Self {
        let mut this = Self::default();
        this.add(text, true, false);
        this
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.add(text, true, true);
    }

    /// Adds a sequence that the program's own source spells out, such as one that clears a line.
    pub fn control(&mut self, sequence: &'static str) {
        self.0.push_str(sequence);
    }

    /// Moves the cursor up.
    pub fn up(&mut self, lines: usize) {
        self.0.push_str(&format!("\u{1b}[{lines}A"));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn add(&mut self, text: &str, styled: bool, guarded: bool) {
        // Whether only blanks stand before on the line: the runners skip them.
        let mut at_start = true;
        let mut rest = parts(text);
        while let Some(part) = rest.next() {
            let c = match part {
                Part::Char(c) => c,
                Part::Style(style) if styled => {
                    self.0.push('\u{1b}');
                    self.0.push_str(style);
                    continue;
                }
                Part::Style(_) => continue,
            };
            let is_shown = matches!(c, '\n' | '\t') || !is_hidden(c);
            if is_shown && !(guarded && is_command(c, at_start, rest.clone())) {
                self.0.push(c);
            } else {
                push(&mut self.0, c);
            }
            at_start = c == '\n' || at_start && is_shown && c.is_whitespace();
        }
    }
}

/// GitHub's runner obeys `::name` at the start of a line, and like Azure's `##[name]` and `##vso[` anywhere in it;
/// TeamCity obeys `##teamcity[`. Headings of Markdown stay: no word and bracket follow theirs at once.
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>,
/// <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>,
/// <https://www.jetbrains.com/help/teamcity/service-messages.html>
///
/// `rest` follows the character; `at_start` where nothing but blanks stands before it on its line.
fn is_command<'a>(c: char, at_start: bool, mut rest: impl Iterator<Item = Part<'a>>) -> bool {
    match (c, rest.next()) {
        (':', Some(Part::Char(':'))) => at_start,
        ('#', Some(Part::Char('#'))) => {
            let mut after = rest.skip_while(|part| match part {
                Part::Char(c) => c.is_alphanumeric(),
                Part::Style(_) => true,
            });
            after.next() == Some(Part::Char('['))
        }
        _ => false,
    }
}

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

impl Stream {
    /// # Errors
    /// The stream cannot be written, such as a closed pipe.
    pub fn write(self, text: &Ready) -> io::Result<()> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                out.write_all(text.0.as_bytes()).and_then(|()| out.flush())
            }
            Self::Err => {
                let mut err = io::stderr().lock();
                err.write_all(text.0.as_bytes()).and_then(|()| err.flush())
            }
        }
    }

    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// Columns and rows of its terminal.
    #[must_use]
    pub fn size(self) -> Option<(usize, usize)> {
        let size = match self {
            Self::Out => terminal_size::terminal_size_of(io::stdout()),
            Self::Err => terminal_size::terminal_size_of(io::stderr()),
        };
        size.map(|(width, height)| (usize::from(width.0), usize::from(height.0)))
    }
}
