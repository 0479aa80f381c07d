//! Patterns with `*` and `?`, and the work that a judgement may take.
//!
//! A pattern is matched with one place to return to, the last `*`: never more steps than the product of both lengths,
//! whatever the number of wildcards. The sum of all steps of one judgement is limited by [`Fuel`].

use std::cell::Cell;

/// Steps of one judgement. The largest policies that AWS accepts, against the longest ARNs, take less than a tenth.
const STEPS: u64 = 20_000_000;

/// Of one comparison, whatever its length.
const COMPARISON: u64 = 32;

/// What is left of the steps of one judgement.
#[derive(Debug)]
pub(crate) struct Fuel(Cell<u64>);

impl Fuel {
    pub(crate) fn new() -> Self {
        Self(Cell::new(STEPS))
    }

    /// Takes steps; false once there are no more.
    pub(crate) fn spend(&self, steps: u64) -> bool {
        self.0.set(self.0.get().saturating_sub(steps.max(1)));
        !self.is_out()
    }

    pub(crate) fn is_out(&self) -> bool {
        self.0.get() == 0
    }

    /// The items, as long as there are steps left.
    pub(crate) fn each<I: IntoIterator>(&self, items: I) -> impl Iterator<Item = I::Item> {
        items.into_iter().take_while(|_| self.spend(1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
}

/// The tokens of a text, in which `*` and `?` are wildcards or, with `wild` unset, themselves.
pub(crate) fn tokens(text: &str, wild: bool) -> impl Iterator<Item = Token> {
    text.chars().map(move |c| match c {
        '*' if wild => Token::Many,
        '?' if wild => Token::One,
        other => Token::Char(other),
    })
}

/// Whether the whole text has the form of the pattern. With `fold`, case makes no difference.
pub(crate) fn matches(pattern: &[Token], text: &str, fold: bool, fuel: &Fuel) -> bool {
    let text: Vec<char> = text.chars().collect();
    let same = |a: char, b: char| a == b || fold && a.to_lowercase().eq(b.to_lowercase());
    let (mut at, mut next) = (0, 0);
    // Where the last `*` stands, and how far into the text it reaches.
    let mut star: Option<(usize, usize)> = None;
    if !fuel.spend((text.len() + pattern.len()) as u64 + COMPARISON) {
        return false;
    }
    while at < text.len() {
        match pattern.get(next) {
            Some(Token::Many) => {
                star = Some((next, at));
                next += 1;
            }
            Some(Token::One) => {
                at += 1;
                next += 1;
            }
            Some(Token::Char(c)) if same(*c, text[at]) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((many, reach)) = star else { return false };
                if !fuel.spend((next - many) as u64) {
                    return false;
                }
                star = Some((many, reach + 1));
                at = reach + 1;
                next = many + 1;
            }
        }
    }
    pattern[next..].iter().all(|token| *token == Token::Many)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        matches(&tokens(pattern, true).collect::<Vec<_>>(), text, false, &Fuel::new())
    }

    #[test]
    fn wildcards_match() {
        for (pattern, text, want) in [
            ("", "", true),
            ("*", "", true),
            ("**", "ab", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("*b*", "abc", true),
            ("s3:G?t*", "s3:GetObject", true),
            ("a", "A", false),
            ("?", "ü", true),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
        assert!(matches(&tokens("S3:*", true).collect::<Vec<_>>(), "s3:x", true, &Fuel::new()));
    }

    #[test]
    fn many_wildcards_end_soon() {
        let pattern = "*a".repeat(2_000) + "b";
        assert!(!glob(&pattern, &"a".repeat(4_000)));
    }
}
