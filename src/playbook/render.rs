//! Diagnostics as text for people. Owns the look; the caller decides where it goes.

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::diagnostic::{Diagnostic, Report};

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
    let report = Report::new(
        name,
        text,
        diagnostics.iter().take(drawn).map(|problem| clamp(problem, text)).collect(),
    );
    let mut out = String::new();
    for placed in report.iter() {
        if handler.render_report(&mut out, &placed).is_err() {
            // A problem that cannot be drawn is still reported.
            out.push_str(&format!("{placed}\n"));
        }
        out.push('\n');
    }
    if diagnostics.len() > drawn {
        out.push_str(&format!("and {} more problems\n", diagnostics.len() - drawn));
    }
    out
}

/// Labels inside the text and on character borders, or miette would refuse the whole report.
fn clamp(diagnostic: &Diagnostic, text: &str) -> Diagnostic {
    let mut clamped = diagnostic.clone();
    for (range, _) in &mut clamped.labels {
        *range = super::Span::new(range.start, range.end).within(text);
    }
    clamped
}
