//! YAML text to a tree in which every node and key has its span. Owns the size, depth and alias limits, YAML 1.2
//! scalars, duplicate and merge keys. Knows no playbook words.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Budget, Error, Location, Options};

use super::diagnostic::Diagnostic;
use super::events;
use super::span::Span;

/// A larger file is not a playbook. Ten thousand steps with long inputs take about 4 MiB.
pub const MAX_BYTES: usize = 8 << 20;
const MAX_DEPTH: usize = 64;
const MAX_ALIASES: usize = 1_000;
const MAX_REPLAYED: usize = 20_000;
const BOM: char = '\u{feff}';

/// One YAML node.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    List(Vec<Node>),
    /// Keys are strings, unique, and in file order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// How a message calls this node.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// Parse one document. `None` when there is no tree at all; problems may be reported with a tree too.
pub fn parse(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let message = format!(
            "the file has {} bytes, more than the {MAX_BYTES} a playbook may have",
            text.len()
        );
        let problem = Diagnostic::error("playbook::too-large", message)
            .help("split it into several playbooks");
        return (None, vec![problem.label(0..0, "file starts here")]);
    }
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let shift = text.len() - body.len();
    match events::read(body).map_or_else(|| read_slowly(body), Ok) {
        Ok(mut root) => {
            let mut problems = Vec::new();
            tidy(&mut root, shift, &mut problems);
            problems.sort_by_key(Diagnostic::offset);
            if matches!(root.kind, Kind::Null) {
                problems.push(empty());
                return (None, problems);
            }
            (Some(root), problems)
        }
        Err(error) => (None, vec![explain(&error, body, shift)]),
    }
}

/// With every limit, and with reasons; see `events` for the short way.
pub(super) fn read_slowly(body: &str) -> Result<Node, Error> {
    serde_saphyr::from_str_with_options(body, options())
}

/// One scalar by itself; `None` where it is refused.
pub(super) fn scalar(text: &str) -> Option<Kind> {
    serde_saphyr::from_str_with_options(text, options()).ok()
}

fn empty() -> Diagnostic {
    Diagnostic::error("playbook::empty", "the file holds no playbook")
        .label(0..0, "nothing here")
        .help("start with `playbook: <id>`; `backburn schema` describes every key")
}

fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = MAX_DEPTH;
    budget.flow_nesting_limit = MAX_DEPTH;
    budget.max_aliases = MAX_ALIASES;
    budget.max_anchors = MAX_ALIASES;
    // One anchor used in every step is honest; what it expands to is limited below.
    budget.enforce_alias_anchor_ratio = false;
    budget.max_nodes = 4_000_000;
    budget.max_events = 8_000_000;
    budget.max_total_scalar_bytes = 2 * MAX_BYTES;
    let mut aliases = AliasLimits::default();
    aliases.max_total_replayed_events = MAX_REPLAYED;
    aliases.max_replay_stack_depth = 16;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits = aliases;
    // Duplicate and merge keys are ours to report, all of them and with both places.
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.merge_keys = MergeKeyPolicy::AsOrdinary;
    options.strict_booleans = true;
    options.with_snippet = false;
    options
}

fn explain(error: &Error, body: &str, shift: usize) -> Diagnostic {
    let error = error.without_snippet();
    let cause = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let (code, message, help) = match cause {
        Error::Eof { .. } if is_blank(body) => return empty(),
        Error::MultipleDocuments { .. } => {
            let message = "the file holds more than one YAML document".to_owned();
            (
                "playbook::many-documents",
                message,
                "keep one playbook a file and remove the `---` line",
            )
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            let message = "aliases expand to more than a playbook may hold".to_owned();
            ("playbook::alias-limit", message, "write the values out, or make them an input")
        }
        Error::Budget { breach, .. } => {
            let text = format!("{breach:?}");
            if text.contains("Alias") || text.contains("Anchor") {
                let message = "the file has too many anchors or aliases".to_owned();
                ("playbook::alias-limit", message, "write the values out, or make them an input")
            } else {
                let message =
                    format!("the file is too large or too deep for a playbook ({})", plain(&text));
                (
                    "playbook::too-large",
                    message,
                    "nest less deeply, or split it into several playbooks",
                )
            }
        }
        other if other.to_string().contains("recursion limit") => {
            let message =
                format!("the file nests deeper than the {MAX_DEPTH} levels a playbook may have");
            ("playbook::too-large", message, "nest less deeply")
        }
        other => {
            let said = other.render();
            let said = said.lines().next().unwrap_or_default();
            // The place is in the label.
            let said =
                said.rfind(" at line ").map_or(said, |at| &said[..at]).trim().trim_end_matches('.');
            let help = "check the indentation, the quotes and the colons near this place";
            ("playbook::syntax", format!("this is not valid YAML: {said}"), help)
        }
    };
    let span = match error.location() {
        Some(location) if location.span().byte_offset().is_some() => span_of(&location),
        Some(location) => point(&location, body),
        None => Span::new(body.len(), body.len()),
    };
    Diagnostic::error(code, message).label(span.start + shift..span.end + shift, "here").help(help)
}

/// Only comments, document marks and white space.
fn is_blank(body: &str) -> bool {
    body.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with(['#', '%']) || line == "---")
}

/// `MaxDepth { depth: 65 }` as words.
fn plain(debug: &str) -> String {
    debug
        .chars()
        .filter(|c| !matches!(c, '{' | '}'))
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Errors may know only line and column.
fn point(location: &Location, body: &str) -> Span {
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let mut lines = body.split_inclusive('\n');
    let before: usize =
        lines.by_ref().take(number(location.line()).saturating_sub(1)).map(str::len).sum();
    let line = lines.next().unwrap_or_default();
    let within = line
        .char_indices()
        .nth(number(location.column()).saturating_sub(1))
        .map_or(line.len(), |(at, _)| at);
    Span::new(before + within, before + within)
}

fn span_of(location: &Location) -> Span {
    let span = location.span();
    let start = usize::try_from(span.byte_offset().unwrap_or(0)).unwrap_or(0);
    let length = usize::try_from(span.byte_len().unwrap_or(0)).unwrap_or(0);
    Span::new(start, start + length)
}

/// Give containers their extent, move everything by `shift`, report and drop what no mapping may hold.
fn tidy(node: &mut Node, shift: usize, problems: &mut Vec<Diagnostic>) {
    node.span = Span::new(node.span.start + shift, node.span.end + shift);
    match &mut node.kind {
        Kind::List(items) => {
            for item in items.iter_mut() {
                tidy(item, shift, problems);
            }
            if let Some(last) = items.last() {
                node.span = node.span.to(last.span);
            }
        }
        Kind::Map(entries) => {
            for (key, value) in entries.iter_mut() {
                tidy(key, shift, problems);
                tidy(value, shift, problems);
            }
            if let Some((key, value)) = entries.last() {
                node.span = node.span.to(key.span).to(value.span);
            }
            unique(entries, problems);
        }
        _ => {}
    }
}

fn unique(entries: &mut Vec<(Node, Node)>, problems: &mut Vec<Diagnostic>) {
    if is_tidy(entries) {
        return;
    }
    let mut seen: HashMap<String, Span> = HashMap::with_capacity(entries.len());
    entries.retain(|(key, _)| {
        let Some(name) = key.as_str() else {
            let message = format!("a key must be a string, and this one is {}", key.describe());
            let problem =
                Diagnostic::error("playbook::wrong-type", message).label(key.span, "not a string");
            problems.push(problem.help("put the key in quotes"));
            return false;
        };
        if name == "<<" {
            let problem = Diagnostic::error(
                "playbook::merge-key",
                "merge keys (`<<`) are not part of YAML 1.2",
            );
            problems.push(problem.label(key.span, "merge key").help("write the keys out"));
            return false;
        }
        if let Some(first) = seen.get(name) {
            let problem = Diagnostic::error(
                "playbook::duplicate-key",
                format!("the key `{name}` is given twice"),
            )
            .label(key.span, "given again here")
            .label(*first, "first given here");
            problems.push(problem.help("remove one of them; the first is used until then"));
            return false;
        }
        seen.insert(name.to_owned(), key.span);
        true
    });
}

/// Whether there is nothing to report: every key is a string, given once, and no merge key.
fn is_tidy(entries: &[(Node, Node)]) -> bool {
    /// Up to here comparing each with each is faster than hashing.
    const FEW: usize = 16;
    let keys = || entries.iter().map(|(key, _)| key.as_str().filter(|name| *name != "<<"));
    if entries.len() > FEW {
        let mut seen = HashSet::with_capacity(entries.len());
        return keys().all(|key| key.is_some_and(|name| seen.insert(name)));
    }
    keys().enumerate().all(|(at, key)| key.is_some() && !keys().take(at).any(|one| one == key))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { span: span_of(&spanned.referenced), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        // JSON has no infinities; as text they are refused where a number is wanted.
        Ok(serde_json::Number::from_f64(value)
            .map_or_else(|| Kind::String(value.to_string()), Kind::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Kind::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_and_key_has_its_bytes() {
        let text = "\u{feff}ä: 'é x'\nlist: [1, two]\n";
        let (root, problems) = parse(text);
        assert_eq!(problems, []);
        let Kind::Map(entries) = &root.as_ref().expect("a tree").kind else { panic!("a map") };
        let at = |node: &Node| &text[node.span.start..node.span.end];
        assert_eq!(at(&entries[0].0), "ä");
        assert_eq!(at(&entries[0].1), "'é x'");
        let Kind::List(items) = &entries[1].1.kind else { panic!("a list") };
        assert_eq!(at(&items[1]), "two");
    }

    #[test]
    fn booleans_are_those_of_yaml_1_2() {
        let (root, _) = parse("a: yes\nb: true\n");
        let Kind::Map(entries) = root.expect("a tree").kind else { panic!("a map") };
        assert!(matches!(&entries[0].1.kind, Kind::String(text) if text == "yes"));
        assert!(matches!(&entries[1].1.kind, Kind::Bool(true)));
    }

    #[test]
    fn one_anchor_may_serve_many_steps_and_no_text_is_called_empty_that_is_not() {
        let many: String = (0..900).map(|at| format!("s{at}: *base\n")).collect();
        let (root, problems) = parse(&format!("base: &base {{ a: 1, b: [2, 3] }}\n{many}"));
        assert_eq!(problems, []);
        assert!(root.is_some());
        for text in ["a: [1,", "{", "- [", "a: {b: 1"] {
            let codes: Vec<&str> = parse(text).1.iter().map(|problem| problem.code).collect();
            assert_eq!(codes, ["playbook::syntax"], "{text}");
        }
        for text in ["", "---", "# a", "~", "%YAML 1.2\n---\n"] {
            let codes: Vec<&str> = parse(text).1.iter().map(|problem| problem.code).collect();
            assert_eq!(codes, ["playbook::empty"], "{text}");
        }
    }

    #[test]
    fn duplicate_keys_name_both_places() {
        let (_, problems) = parse("a: 1\na: 2\nb: {c: 1, c: 2}\n");
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].labels[0].0, 5..6);
        assert_eq!(problems[0].labels[1].0, 0..1);
    }
}
