//! The short way from YAML text to a tree: the parser's events straight into nodes. Owns only what plain files hold.
//! Anchors, aliases, tags, keys that are no text, deep nesting and every mistake it leaves to `tree`, which then reads
//! the file by `serde_saphyr`, which has the limits and the error messages, and takes several times as long.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};

use super::span::Span;
use super::tree::{Kind, Node, scalar};

/// Well below every limit of `tree`, so that what they refuse is refused there.
const DEPTH: usize = 32;
const NODES: usize = 1_000_000;

/// A container that is not closed yet.
enum Open {
    List(Span, Vec<Node>),
    /// The last is a key without its value.
    Map(Span, Vec<(Node, Node)>, Option<Node>),
}

/// The tree of `body`, the same as the full parser gives; `None` if the full parser is needed.
pub(super) fn read(body: &str) -> Option<Node> {
    let options = granit_parser::options! { emit_comments: false };
    let mut open: Vec<Open> = Vec::new();
    let (mut root, mut documents, mut nodes) = (None, 0, 0);
    for event in Parser::new_from_str_with_options(body, options) {
        let (event, place) = event.ok()?;
        let span = Span::new(place.start.byte_offset()?, place.end.byte_offset()?);
        let node = match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::DocumentStart(_, None) if documents == 0 => {
                documents += 1;
                continue;
            }
            Event::Scalar(text, style, 0, None) => Node { span, kind: kind(text, style)? },
            Event::SequenceStart(_, 0, None) => {
                open.push(Open::List(span, Vec::new()));
                continue;
            }
            Event::MappingStart(_, 0, None) => {
                open.push(Open::Map(span, Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(span, items) => Node { span, kind: Kind::List(items) },
                Open::Map(span, entries, _) => Node { span, kind: Kind::Map(entries) },
            },
            _ => return None,
        };
        nodes += 1;
        if open.len() >= DEPTH || nodes > NODES {
            return None;
        }
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None if node.as_str().is_some() => *key = Some(node),
                None => return None,
            },
        }
    }
    root
}

/// What a scalar without a tag stands for, by YAML 1.2; `None` when the long way may refuse it.
fn kind(text: Cow<'_, str>, style: ScalarStyle) -> Option<Kind> {
    if style != ScalarStyle::Plain {
        return Some(Kind::String(text.into_owned()));
    }
    Some(match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        // How numbers are spelled is known in one place only.
        number if may_be_number(number) => return scalar(number),
        _ => Kind::String(text.into_owned()),
    })
}

fn may_be_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        && text.contains(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::playbook::tree::read_slowly;

    /// Both ways come to the same tree, or the short one is not gone.
    fn agree(text: &str) {
        let Some(short) = read(text) else { return };
        let long = read_slowly(text).map_err(|error| error.to_string());
        assert_eq!(Ok(format!("{short:?}")), long.map(|long| format!("{long:?}")), "{text:?}");
    }

    #[test]
    fn plain_files_go_the_short_way() {
        let text = "a: 1\nb:\n  - x # said\n  - {c: 'd', e: [1.5, ~, yes, -7, 0x1f]}\nf: |\n  g\n\n  h\ni:\n";
        assert!(read(text).is_some());
        agree(text);
    }

    #[test]
    fn what_is_not_plain_goes_the_long_way() {
        for text in
            ["a: &b 1", "a: !!str 1", "1: a", "[a]: b", "a: [", "---\na\n---\nb", "", "a: 1e999"]
        {
            assert!(read(text).is_none(), "{text:?}");
        }
        let deep = format!("{}{}", "[".repeat(DEPTH + 1), "]".repeat(DEPTH + 1));
        assert!(read(&deep).is_none());
    }

    #[test]
    fn scalars_are_the_same_both_ways() {
        for text in [
            "0",
            "-0",
            "+1",
            "007",
            "1_000",
            "0o17",
            "0b11",
            "1.",
            ".5",
            "1e3",
            "-.inf",
            ".nan",
            "1.0.0",
            "18446744073709551616",
            "-9223372036854775809",
            "1h30m",
            "10.0.0.0/16",
            "2024-01-01",
            "inf",
            "NaN",
            "Infinity",
            "--",
            "---a",
            "...a",
            "-x",
            ".git",
            "nULL",
            "tRUE",
            "on",
            "0x",
            "1:30",
            "+",
            "1 000",
            "é1",
        ] {
            for text in [format!("a: {text}"), format!("[{text}, {text}]"), format!("{text}: b")] {
                agree(&text);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_come_to_the_same_tree(
            text in "([ab1.~+-]{0,3}|: |\n|\n  |  - |- |, |[\\[\\]{}'\"#&*!|>?%@,:-]|\t|\r\n|é|---|\u{feff}|\\.\\.\\.|null|true|'x'|\"\\\\n\"){0,24}"
        ) {
            agree(&text);
        }

        #[test]
        fn both_ways_read_numbers_alike(text in "[-+.]{0,2}[0-9a-fxo_.]{1,8}") {
            agree(&text);
            agree(&format!("a: {text}"));
        }
    }
}
