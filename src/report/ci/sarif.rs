//! SARIF 2.1.0 for code scanning: a result for each problem, a rule for each code.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::journal::hash;

use super::{Findings, Level, Place, codes};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn sarif(findings: &Findings) -> Value {
    let mut rules: IndexMap<&str, Value> = IndexMap::new();
    let mut results = Vec::new();
    for (suite, case, problem) in findings.problems() {
        let next = rules.len();
        let at = rules.get_index_of(problem.code.as_str()).unwrap_or(next);
        rules.entry(&problem.code).or_insert_with(|| rule(&problem.code));
        let mut message = problem.message.clone();
        if let Some(help) = &problem.help {
            message.push_str(&format!("\n{help}"));
        }
        let whole =
            Place { file: suite.file.clone(), line: 1, column: 1, end_line: 1, end_column: 1 };
        // The same problem is recognised again although lines moved.
        let print = hash(
            format!("{}\0{}\0{}\0{}", problem.code, suite.file, problem.message, suite.name)
                .as_bytes(),
        );
        results.push(json!({
            "ruleId": problem.code,
            "ruleIndex": at,
            "level": level(problem.level),
            "message": { "text": plain(&message) },
            "locations": [location(case.place.as_ref().unwrap_or(&whole), &case.name)],
            "partialFingerprints": { "backburn/v1": print },
        }));
    }
    let mut invocation = json!({ "executionSuccessful": true });
    if let Some(started) = findings.started {
        invocation["startTimeUtc"] = json!(started.strftime("%FT%TZ").to_string());
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "backburn",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": format!("backburn/{}/", findings.command) },
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A message in which nothing is a link, which SARIF 3.11.6 writes as `[text](target)`, nor a placeholder (3.11.5).
fn plain(message: &str) -> String {
    message.replace("](", "]\\x28")
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn rule(code: &str) -> Value {
    let text = codes::explain(code).unwrap_or("This code has no page.");
    let first = text.split_inclusive(". ").next().unwrap_or(text).trim_end();
    json!({
        "id": code,
        "name": name(code),
        "shortDescription": { "text": first },
        "fullDescription": { "text": text },
        "help": { "text": format!("{text}\n\nbackburn explain {code}") },
        "defaultConfiguration": { "level": "error" },
    })
}

/// `playbook::unknown-key` as `PlaybookUnknownKey`.
fn name(code: &str) -> String {
    let words = code.split([':', '-']).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn location(place: &Place, step: &str) -> Value {
    // An empty region stands for its line.
    let mut region = json!({ "startLine": place.line, "startColumn": place.column });
    if (place.end_line, place.end_column) > (place.line, place.column) {
        region["endLine"] = json!(place.end_line);
        region["endColumn"] = json!(place.end_column);
    }
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": region,
        },
        "logicalLocations": [{ "name": step }],
    })
}

/// A relative reference with forward slashes, as code scanning wants it.
fn uri(file: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const KEPT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b']')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b':');
    let file = file.replace('\\', "/");
    utf8_percent_encode(file.strip_prefix("./").unwrap_or(&file), KEPT).to_string()
}
