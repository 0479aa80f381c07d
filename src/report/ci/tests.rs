//! What each format makes of hostile text, places and levels. Published schemas are asked in
//! `tests/it/ci.rs`.

use quick_xml::{Reader, events::Event};

use super::*;
use crate::{playbook::testing::catalogue, program::check, report::model};

const HOSTILE: &str = "ü\"<]]>&\n::error::pwned\u{1}%0A,:";

fn checked() -> Findings {
    let text = "playbook: test\ntitle: Test\nversion: 1.0.0\nseverity: high\nsteps:\n  a: { uses: core.wiat, with: {} }\n";
    of_check(&[check("play books/ü.yaml", text, &catalogue())])
}

fn hostile() -> Findings {
    let problem = Problem {
        level: Level::Error,
        code: "run::step-failed".into(),
        message: HOSTILE.into(),
        help: Some(HOSTILE.into()),
    };
    let place = Place { file: HOSTILE.into(), line: 2, column: 3, end_line: 2, end_column: 5 };
    let case = |place, result| Case { name: HOSTILE.into(), seconds: Some(1.5), place, result };
    let cases = vec![
        case(Some(place), Result::Found(problem.clone())),
        case(None, Result::Found(Problem { level: Level::Warning, ..problem })),
        case(None, Result::Skipped { why: HOSTILE.into() }),
        case(None, Result::Passed),
    ];
    let suite = Suite {
        name: HOSTILE.into(),
        file: HOSTILE.into(),
        seconds: Some(2.0),
        properties: vec![(HOSTILE.into(), HOSTILE.into())],
        cases,
    };
    Findings {
        command: "run",
        headline: HOSTILE.into(),
        started: None,
        seconds: None,
        suites: vec![suite],
    }
}

#[test]
fn a_problem_has_its_place_in_every_format() {
    let findings = checked();
    let (_, case, problem) = findings.problems().next().expect("a problem");
    let place = case.place.as_ref().expect("a place");
    assert_eq!((place.line, place.column, place.end_column), (6, 14, 23));
    assert_eq!(problem.code, "playbook::unknown-action");
    let sarif = sarif::sarif(&findings);
    let result = &sarif["runs"][0]["results"][0];
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "play%20books/%C3%BC.yaml");
    assert_eq!(location["region"]["startColumn"], 14);
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(
        (&rule["id"], &rule["name"]),
        (&"playbook::unknown-action".into(), &"PlaybookUnknownAction".into())
    );
    let lines = github::annotations(&findings);
    assert!(lines.starts_with("::error file=play books/ü.yaml,line=6,endLine=6,col=14,endColumn=23,title=playbook%3A%3Aunknown-action::"));
    assert!(findings.markdown().contains("`play books/ü.yaml:6:14`"));
}

#[test]
fn hostile_text_stays_text() {
    let findings = hostile();
    let xml = junit::junit(&findings);
    let mut reader = Reader::from_str(&xml);
    let mut cases = 0;
    loop {
        match reader.read_event().expect("well formed") {
            Event::Start(tag) | Event::Empty(tag) => {
                cases += usize::from(tag.name().as_ref() == "testcase");
                tag.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(cases, 4);
    assert!(
        !xml.contains('\u{1}') && xml.contains("failures=\"1\"") && xml.contains("skipped=\"1\"")
    );
    let annotations = github::annotations(&findings);
    assert_eq!(annotations.lines().count(), 2, "{annotations}");
    assert!(
        annotations
            .lines()
            .all(|line| line.starts_with("::error ") || line.starts_with("::warning "))
    );
    assert!(!findings.markdown().contains("<]]>&\n"));
}

#[test]
fn a_run_has_cases_for_steps_and_verdicts() {
    let report = model::testing::large(3);
    let document = Document { file: "a.yaml", text: "", program: None };
    let findings = of_report(&report, &document);
    assert_eq!(findings.suites[0].cases.len(), 6);
    assert_eq!((findings.count(Level::Error), findings.count(Level::Warning)), (0, 3));
}

#[test]
fn every_code_that_is_used_has_a_page() {
    for code in codes::all() {
        // A sentence, or the page of AWS that it rests on.
        let ends = |text: &str| {
            text.ends_with('.')
                || text.rsplit(' ').next().is_some_and(|w| w.starts_with("https://"))
        };
        assert!(codes::explain(code).is_some_and(ends), "{code}");
    }
    let source = include_str!("from.rs");
    for (_, quoted) in source.match_indices("Level::").map(|(at, _)| source[at..].split_at(7)) {
        let code = quoted.split('"').nth(1).filter(|code| code.contains("::"));
        assert!(code.is_none_or(|code| codes::explain(code).is_some()), "{code:?}");
    }
}
