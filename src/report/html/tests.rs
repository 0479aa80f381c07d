//! What holds for every page: nothing from outside becomes markup, it stays small, and every link
//! has a place to go to.

use std::collections::BTreeSet;

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use super::html;
use crate::report::{
    digest,
    model::Report,
    model::testing::{drill, large},
};

const HOSTILE: &str =
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>]]>--><!-- \u{202e}&lt;`";

/// Elements and attributes of a page; fails where it is not well formed.
fn parsed(page: &str) -> (BTreeSet<String>, Vec<(String, String)>) {
    let body = page.strip_prefix("<!doctype html>\n").expect("a document type");
    let mut reader = Reader::from_str(body);
    let (mut tags, mut attributes) = (BTreeSet::new(), Vec::new());
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("not well formed: {error}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                tags.insert(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("an attribute");
                    let name = attribute.key.as_ref().to_owned();
                    attributes.push((name, attribute.value.into_owned()));
                }
            }
            Event::Eof => return (tags, attributes),
            Event::Comment(_) | Event::CData(_) | Event::PI(_) => panic!("not of this program"),
            _ => {}
        }
    }
}

/// Puts the text into every string of the report that may hold any text.
fn poisoned(report: &Report, poison: &str) -> Report {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at.to_owned()),
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(n, one)| walk(one, &format!("{at}/{n}"), found));
            }
            Value::Object(map) => {
                map.iter().for_each(|(key, one)| walk(one, &format!("{at}/{key}"), found));
            }
            _ => {}
        }
    }
    let mut json = serde_json::to_value(report).expect("JSON");
    let mut places = Vec::new();
    walk(&json, "", &mut places);
    for place in places {
        let slot = json.pointer_mut(&place).expect("a string");
        let before = slot.clone();
        *slot = format!("{}{poison}", before.as_str().unwrap_or_default()).into();
        if serde_json::from_value::<Report>(json.clone()).is_err() {
            *json.pointer_mut(&place).expect("a string") = before;
        }
    }
    serde_json::from_value(json).expect("a report")
}

#[test]
fn text_from_outside_never_becomes_markup() {
    let report = large(12);
    let clean = html(&report);
    let (tags, names) = parsed(&clean);
    let page = html(&poisoned(&report, HOSTILE));
    let (poisoned_tags, attributes) = parsed(&page);
    // Long values are shown as a difference by lines.
    let more = ["del", "ins"].map(str::to_owned);
    assert!(poisoned_tags.is_subset(&tags.into_iter().chain(more).collect()), "{poisoned_tags:?}");
    let known: BTreeSet<_> = names.iter().map(|(name, _)| name).collect();
    for (name, value) in &attributes {
        assert!(known.contains(name) && !name.starts_with("on") && name != "style", "{name}");
        if name == "href" {
            let fine = value.starts_with('#') || value.starts_with("https://");
            assert!(fine && !value.contains("javascript:"), "{value}");
        }
    }
    assert!(page.matches("alert(1)").count() > 100, "the text itself is shown");
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn a_drill_shows_its_objectives_and_what_follows_from_them() {
    let page = html(&drill());
    parsed(&page);
    for text in ["Objectives", "never", "12.0 s of 1 min 00 s", "detection `trail`"] {
        assert!(page.replace("<code>", "`").replace("</code>", "`").contains(text), "{text}");
    }
}

/// `cargo test -- --ignored pages`, and open them: a design is judged by eye.
#[test]
#[ignore = "writes pages to look at"]
fn pages() {
    let folder = std::env::var("BACKBURN_PAGES").unwrap_or_else(|_| "target".into());
    for (name, report) in
        [("drill", drill()), ("large", large(1000)), ("hostile", poisoned(&large(6), HOSTILE))]
    {
        std::fs::write(format!("{folder}/{name}.html"), html(&report)).expect("written");
    }
}

#[test]
fn links_within_the_page_have_a_target_and_ids_are_unique() {
    let (_, attributes) = parsed(&html(&large(30)));
    let ids: Vec<_> =
        attributes.iter().filter(|(name, _)| name == "id").map(|(_, id)| id).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    for (_, target) in attributes.iter().filter(|(name, _)| name == "href") {
        if let Some(id) = target.strip_prefix('#') {
            assert!(ids.iter().any(|known| *known == id), "nothing at `{id}`");
        }
    }
}

#[test]
fn a_run_of_1000_steps_stays_below_a_megabyte_and_a_larger_one_too() {
    for steps in [1000, 3000] {
        let page = html(&large(steps));
        parsed(&page);
        assert!(page.len() < 1_000_000, "{steps} steps: {} bytes", page.len());
        assert!(page.contains("has them all"), "it names what it leaves out");
    }
}

/// What is left of Markdown without its code spans.
fn outside_code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['\\', '`']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\\') {
            let next = rest.chars().nth(1).map_or(1, |c| 1 + c.len_utf8());
            rest = &rest[next..];
            continue;
        }
        let run = rest.len() - rest.trim_start_matches('`').len();
        let inside = &rest[run..];
        let mut ends = inside.match_indices('`').map(|(at, _)| at);
        let end = ends.find(|at| {
            let ticks = inside[*at..].len() - inside[*at..].trim_start_matches('`').len();
            ticks == run && !inside[..*at].ends_with('`')
        });
        rest = end.map_or("", |end| &inside[end + run..]);
    }
    out + rest
}

#[test]
fn markdown_holds_no_markup_from_outside() {
    let text = digest::digest(&poisoned(&large(4), HOSTILE));
    let outside = outside_code(&text);
    assert!(!outside.contains('<'), "{outside}");
    assert!(text.contains("alert(1)"), "the text itself is there");
}
