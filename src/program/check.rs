//! Text to program in one call: all problems of a file, in file order.

use super::compile::compile;
use super::graph::Program;
use super::hazards;
use crate::playbook::{self, Catalogue, Diagnostic, Level, Playbook};

/// Everything that is known of one file.
#[derive(Clone, Debug)]
pub struct Checked {
    pub name: String,
    pub text: String,
    /// The document as far as it could be read.
    pub playbook: Option<Playbook>,
    /// There exactly when no diagnostic is an error.
    pub program: Option<Program>,
    /// Sorted by place, errors first where two meet.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Adds what an expert would warn about, as warnings or, with `deny`, as errors. Reports nothing for a
    /// file that does not compile.
    pub fn lint(&mut self, catalogue: &Catalogue, deny: bool) {
        let (Some(playbook), Some(program)) = (&self.playbook, &self.program) else { return };
        let mut found = hazards::hazards(playbook, program, catalogue);
        if deny {
            found.iter_mut().for_each(|hazard| hazard.severity = Level::Error);
        }
        self.diagnostics.extend(found);
        self.diagnostics.sort_by_key(|problem| (problem.offset(), problem.severity));
    }

    pub fn render(&self, color: bool, width: usize) -> String {
        playbook::render::render(&self.diagnostics, &self.name, &self.text, color, width)
    }

    pub fn to_json(&self) -> serde_json::Value {
        playbook::diagnostic::to_json(&self.diagnostics, &self.name, &self.text)
    }
}

/// Problems after which an input that seems unused may well be used.
const HIDES_READERS: &[&str] = &[
    "playbook::expression-syntax",
    "playbook::expression-unterminated",
    "playbook::expression-too-long",
    "playbook::unknown-input",
    "playbook::unknown-key",
    "playbook::unknown-name",
    "playbook::whole-namespace",
    "playbook::wrong-type",
];

/// Parse and compile the playbook `text`; `name` is what messages call the file.
pub fn check(name: &str, text: &str, catalogue: &Catalogue) -> Checked {
    let (playbook, mut diagnostics) = playbook::parse(text);
    let mut program = None;
    if let Some(playbook) = &playbook {
        let (compiled, more) = compile(playbook, catalogue);
        program = compiled;
        // What reads the input may be what could not be read.
        let unread =
            diagnostics.iter().chain(&more).any(|problem| HIDES_READERS.contains(&problem.code));
        diagnostics.extend(
            more.into_iter()
                .filter(|problem| !(unread && problem.code == "playbook::unused-input")),
        );
    }
    diagnostics.sort_by_key(|problem| (problem.offset(), problem.severity));
    let program = program.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    Checked { name: name.to_owned(), text: text.to_owned(), playbook, program, diagnostics }
}
