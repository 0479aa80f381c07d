//! JUnit XML as Jenkins, GitLab and GitHub's actions read it: the elements and attributes of
//! Jenkins' `junit-10.xsd`, and no other.

use std::fmt::Write;

use super::{Findings, Level, Result, Suite};
use crate::text::one_line;

/// Warnings pass and are listed in `system-out`: JUnit has no third state.
pub fn junit(findings: &Findings) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests: usize = findings.suites.iter().map(|suite| suite.cases.len()).sum();
    let failures = findings.count(Level::Error);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuites name=\"backburn {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"{}>",
        findings.command,
        time(findings.seconds)
    );
    findings.suites.iter().for_each(|one| suite(findings, one, &mut out));
    out.push_str("</testsuites>\n");
    out
}

fn suite(findings: &Findings, suite: &Suite, out: &mut String) {
    let failed = |case: &&super::Case| matches!(&case.result, Result::Found(problem) if problem.level == Level::Error);
    let skipped = |case: &&super::Case| matches!(case.result, Result::Skipped { .. });
    let started = findings.started.map(|at| format!(" timestamp=\"{}\"", at.strftime("%FT%T")));
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"{}{}>",
        escape(&suite.name),
        escape(&suite.file),
        suite.cases.len(),
        suite.cases.iter().filter(failed).count(),
        suite.cases.iter().filter(skipped).count(),
        time(suite.seconds),
        started.unwrap_or_default(),
    );
    if !suite.properties.is_empty() {
        out.push_str("    <properties>\n");
        for (name, value) in &suite.properties {
            let _ = writeln!(
                out,
                "      <property name=\"{}\" value=\"{}\"/>",
                escape(name),
                escape(value)
            );
        }
        out.push_str("    </properties>\n");
    }
    for case in &suite.cases {
        let _ = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{}\"{}",
            escape(&case.name),
            escape(&format!("{}.{}", findings.command, suite.name)),
            time(case.seconds)
        );
        let at = case.place.as_ref().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
        let place = at.unwrap_or_else(|| suite.file.clone());
        match &case.result {
            Result::Passed => out.push_str("/>\n"),
            Result::Skipped { why } => {
                let _ = writeln!(out, "><skipped message=\"{}\"/></testcase>", escape(why));
            }
            Result::Found(problem) => {
                let help = problem.help.as_ref().map(|help| format!("\nhelp: {help}"));
                let text = format!("{place}\n{}{}", problem.message, help.unwrap_or_default());
                let _ = match problem.level {
                    Level::Error => writeln!(
                        out,
                        "><failure type=\"{}\" message=\"{}\">{}</failure></testcase>",
                        escape(&problem.code),
                        escape(&problem.message),
                        escape(&text)
                    ),
                    _ => writeln!(
                        out,
                        "><system-out>{}</system-out></testcase>",
                        escape(&format!("{}: {text}", problem.code))
                    ),
                };
            }
        }
    }
    out.push_str("  </testsuite>\n");
}

fn time(seconds: Option<f64>) -> String {
    seconds.map(|seconds| format!(" time=\"{seconds:.3}\"")).unwrap_or_default()
}

/// Text or attribute; what XML 1.0 cannot hold is shown, like everything that is hidden.
/// <https://www.w3.org/TR/xml/#charsets>
fn escape(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(one_line).collect();
    let mut out = String::with_capacity(text.len());
    for c in lines.join("\n").chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            // Whoever prints the file into a log gives no orders with it.
            '#' if out.ends_with('#') => out.push_str("&#35;"),
            c => out.push(c),
        }
    }
    out
}
