//! Characters that are shown instead of obeyed, and how. Pure.

use std::{borrow::Cow, fmt::Write};

/// Whether a character moves a cursor, begins a line, changes the direction of text, or cannot be seen.
///
/// C0 and C1 controls and DEL; Unicode's `Bidi_Control`, `Default_Ignorable_Code_Point` and line separators; the
/// interlinear annotations, and the characters that Unicode reserves for a program's own use and never for text.
/// <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>,
/// <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// `\x1b`, `\u{202e}`.
pub(super) fn push(out: &mut String, c: char) {
    let code = u32::from(c);
    // Writing to a string cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        _ => write!(out, "\\u{{{code:x}}}"),
    };
}

/// A value from outside, on one line. Two values that differ are shown differently: a backslash that would read as
/// the beginning of an escape is shown as `\x5c`. Text without hidden characters and such backslashes stays as it is.
#[must_use]
pub fn value(text: &str) -> Cow<'_, str> {
    let is_shown = |(at, c): (usize, char)| is_hidden(c) || c == '\\' && is_escape(&text[at..]);
    if !text.char_indices().any(is_shown) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if is_shown((at, c)) {
            push(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Whether a text begins as what [`push`] writes.
fn is_escape(text: &str) -> bool {
    let hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.as_bytes() {
        [b'\\', b'x', a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'\\', b'u', b'{', ..] => {
            text[3..].split_once('}').is_some_and(|(digits, _)| !digits.is_empty() && hex(digits))
        }
        _ => false,
    }
}

/// JSON, safe to look at: hidden characters are written as `\uXXXX`, and what a CI log would take for a command is
/// broken up. Programs read the same values: outside of strings JSON has none of these characters but line breaks.
///
/// The argument is JSON as `serde_json` writes it. RFC 8259, section 7: <https://www.rfc-editor.org/rfc/rfc8259#section-7>
#[must_use]
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for (at, c) in text.char_indices() {
        let is_own = c == '\n';
        let is_command = c == '#' && text[at..].starts_with("##");
        if !is_own && (is_hidden(c) || is_command) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
