//! The program's own styles. Inside of the program a style begins with a key that is drawn when the process starts,
//! not with the escape character: no text from outside can know it, so none can be taken for a style.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::LazyLock,
};

use anstyle::Style;

/// Begins the key; the rest of it is 32 hexadecimal digits as characters that Unicode keeps out of all text.
/// <https://www.unicode.org/faq/private_use.html#noncharacters>
const SIGN: char = '\u{fdd0}';

static KEY: LazyLock<String> = LazyLock::new(|| {
    // The standard library keys its hashers from the system's random numbers.
    let number = || RandomState::new().build_hasher().finish();
    let number = (u128::from(number()) << 64) | u128::from(number());
    let digit = |at: u32| char::from_u32(0xfdd1 + ((number >> (at * 4)) & 0xf) as u32);
    std::iter::once(SIGN).chain((0..32).filter_map(digit)).collect()
});

/// Text in a style, until the stream that it leaves by makes an escape sequence of it.
#[must_use]
pub fn paint(style: Style, text: &str) -> String {
    format!("{}{text}{}", own(&style.render().to_string()), reset())
}

/// What ends every style.
#[must_use]
pub fn reset() -> String {
    own("\u{1b}[0m")
}

fn own(sequences: &str) -> String {
    sequences.replace('\u{1b}', &KEY)
}

/// Takes the colours of a text over that a library drew for this program. The library must have been given nothing
/// but text without hidden characters.
#[must_use]
pub fn adopt(drawn: &str) -> String {
    let mut out = String::with_capacity(drawn.len());
    for (at, c) in drawn.char_indices() {
        match c {
            '\u{1b}' if colour(&drawn[at + 1..]).is_some() => out.push_str(&KEY),
            c => out.push(c),
        }
    }
    out
}

/// How long the rest of a sequence is that sets colours: `[1;31m`.
/// ECMA-48, 8.3.117: <https://ecma-international.org/publications-and-standards/standards/ecma-48/>
fn colour(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('[')?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    rest[end..].starts_with('m').then_some(end + 2)
}

/// A part of a text inside of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Char(char),
    /// A style of the program's own, which takes no room: what follows the escape character.
    Style(&'a str),
}

/// Characters, and between them the program's own styles.
pub fn parts(text: &str) -> impl Iterator<Item = Part<'_>> + Clone {
    let mut rest = text;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        if c == SIGN
            && let Some(after) = rest.strip_prefix(KEY.as_str())
            && let Some(length) = colour(after)
        {
            let (style, after) = after.split_at(length);
            rest = after;
            return Some(Part::Style(style));
        }
        rest = &rest[c.len_utf8()..];
        Some(Part::Char(c))
    })
}

impl Part<'_> {
    /// As it stands in a text inside of the program.
    pub fn push(self, out: &mut String) {
        match self {
            Self::Char(c) => out.push(c),
            Self::Style(style) => {
                out.push_str(&KEY);
                out.push_str(style);
            }
        }
    }
}
