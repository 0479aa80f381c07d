//! That nothing hidden leaves, whatever comes in; that what is plain stays as it is, and what differs stays different.

use anstyle::AnsiColor;
use proptest::prelude::*;

use super::{Ready, json, one_line, paint, value};

/// What no terminal, log or reader may get from a value, listed once more and by hand.
fn is_forbidden(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x1f | 0x7f..=0x9f | 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2069 | 0xfe00..=0xfe0f
        | 0xfeff | 0xfdd0..=0xfdef | 0xe0000..=0xe0fff)
}

/// Any text, in which what is hidden and what looks like an escape comes often.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,6}",
        prop::sample::select(vec![
            "\u{1b}[31m",
            "\u{1b}]0;x\u{7}",
            "\u{9b}2J",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{e0041}",
            "\r\n",
            "\n",
            "\t",
            "\\x1b",
            "\\u{202e}",
            "\\",
            "\\x5c",
            "::warning::",
            "##vso[",
            "##[",
            "##teamcity[",
            "\u{fdd0}",
            "\u{2028}",
            "\u{85}",
            "\n ::add-mask::x",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// As GitHub's runner, Azure's agent and TeamCity look for commands, line by line.
fn is_command(line: &str) -> bool {
    let word = |text: &str| {
        let rest = text.trim_start_matches(|c: char| c.is_alphanumeric());
        rest.starts_with('[')
    };
    line.trim_start().starts_with("::")
        || line.match_indices("##").any(|(at, _)| word(&line[at + 2..]))
}

/// What [`value`] made, read back.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        let short = rest.strip_prefix("\\x").and_then(|rest| Some((hex(rest.get(..2)?)?, 4)));
        let long = rest.strip_prefix("\\u{").and_then(|rest| {
            let (digits, _) = rest.split_once('}')?;
            Some((hex(digits)?, digits.len() + 4))
        });
        let (c, length) = short.or(long).unwrap_or((c, c.len_utf8()));
        out.push(c);
        rest = &rest[length..];
    }
    out
}

proptest! {
    #[test]
    fn a_value_shows_what_is_hidden_and_can_be_read_back(text in hostile()) {
        let shown = value(&text);
        prop_assert!(!shown.contains(is_forbidden), "{shown:?}");
        // So two that differ are never shown alike.
        prop_assert_eq!(unescaped(&shown), text);
    }

    #[test]
    fn plain_text_stays_as_it_is(text in "[a-zA-Z0-9 .:/#|<>&äöüß日本語🚒\\\\-]{0,40}") {
        prop_assume!(!text.contains("\\x") && !text.contains("\\u"));
        let once = value(&text).into_owned();
        prop_assert_eq!(&once, &text);
        let twice = value(&once).into_owned();
        prop_assert_eq!(&twice, &text);
        prop_assert_eq!(&one_line(&text), &text);
    }

    #[test]
    fn nothing_but_the_own_styles_leaves(text in hostile(), more in hostile()) {
        let painted = format!("{}{more}", paint(AnsiColor::Red.on_default(), &text));
        let ready = Ready::text(&painted);
        let rest = ready.as_str().replacen("\u{1b}[31m", "", 1).replacen("\u{1b}[0m", "", 1);
        prop_assert!(!rest.replace(['\n', '\t'], "").contains(is_forbidden), "{rest:?}");
        prop_assert!(!rest.lines().any(is_command), "{rest:?}");
    }

    #[test]
    fn one_call_adds_one_line(text in hostile()) {
        let mut out = String::new();
        crate::text::line!(out, "a {text} b");
        prop_assert_eq!(Ready::text(&out).as_str().lines().count(), 1);
        prop_assert!(out.starts_with('a') && out.ends_with(" b\n"), "{out:?}");
    }

    #[test]
    fn json_is_the_same_to_a_program(text in hostile(), name in hostile()) {
        let whole = serde_json::json!({ name: [text] });
        let shown = json(&serde_json::to_string_pretty(&whole).expect("JSON"));
        prop_assert!(!shown.replace('\n', "").contains(is_forbidden), "{shown:?}");
        let ready = Ready::text(&shown);
        prop_assert_eq!(ready.as_str(), &shown);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), whole);
    }
}

#[test]
fn a_value_is_shown_as_people_expect() {
    for (text, shown) in [
        ("\u{1b}[2J", "\\x1b[2J"),
        ("a\nb", "a\\x0ab"),
        ("exe.\u{202e}fdp", "exe.\\u{202e}fdp"),
        ("\\x1b", "\\x5cx1b"),
        ("C:\\new\\xyz", "C:\\new\\xyz"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
    ] {
        assert_eq!(value(text), shown);
    }
}

#[test]
fn a_style_cannot_be_guessed() {
    // The sign without the key of this process is a character like any other that is hidden.
    assert_eq!(Ready::text("\u{fdd0}[31m").as_str(), "\\u{fdd0}[31m");
    assert_eq!(Ready::file(&paint(AnsiColor::Red.on_default(), "bad")), "bad");
}

#[test]
fn commands_to_a_ci_system_are_broken_up_and_headings_are_not() {
    for (text, left) in [
        ("::warning::x", "\\x3a:warning::x"),
        ("  ::add-mask::x", "  \\x3a:add-mask::x"),
        ("a ##vso[task.setvariable]", "a \\x23#vso[task.setvariable]"),
        ("##[error]x", "\\x23#[error]x"),
        ("## Containment\n\n### [link]", "## Containment\n\n### [link]"),
        ("std::io", "std::io"),
    ] {
        assert_eq!(Ready::text(text).as_str(), left);
    }
    let own = "::error title=a::b\n";
    assert_eq!(Ready::format(own).as_str(), own);
}
