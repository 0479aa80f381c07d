//! Finding `${{ ... }}` in text. Owns where an expression starts and ends, and the `$${{` escape.

use super::rewrite::string_length;

/// A piece of a text that may hold expressions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Literal text.
    Text(&'a str),
    /// What stands between the braces, and where it starts in the text.
    Expr(&'a str, usize),
    /// `${{` without an end, and where it starts.
    Open(usize),
}

/// Whether `text` holds an expression.
pub fn is_templated(text: &str) -> bool {
    text.contains("${{") && pieces(text).iter().any(|piece| !matches!(piece, Piece::Text(_)))
}

pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(position) = text[at..].find("${{") {
        let start = at + position;
        if let Some(escaped) = text[at..start].strip_suffix('$') {
            push_text(&mut found, escaped);
            push_text(&mut found, &text[start..start + 3]);
            at = start + 3;
            continue;
        }
        push_text(&mut found, &text[at..start]);
        let inside = start + 3;
        let Some(length) = inside_length(&text[inside..]) else {
            found.push(Piece::Open(start));
            return found;
        };
        found.push(Piece::Expr(&text[inside..inside + length], inside));
        at = inside + length + 2;
    }
    push_text(&mut found, &text[at..]);
    found
}

fn push_text<'a>(found: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        found.push(Piece::Text(text));
    }
}

/// Up to the `}}` that closes the expression: not one in a string, not one that closes a mapping.
fn inside_length(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(next) = text[at..].chars().next() {
        match next {
            '"' | '\'' => {
                at += string_length(&text[at..]);
                continue;
            }
            '{' => depth += 1,
            '}' if depth == 0 && text[at..].starts_with("}}") => return Some(at),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += next.len_utf8();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_texts() {
        use Piece::{Expr, Open, Text};
        assert_eq!(pieces("a ${{ b }} c"), [Text("a "), Expr(" b ", 5), Text(" c")]);
        assert_eq!(pieces("${{ {'a': {'}}': 1}} }}"), [Expr(" {'a': {'}}': 1}} ", 3)]);
        assert_eq!(pieces("$${{ x }}"), [Text("${{"), Text(" x }}")]);
        assert_eq!(pieces("x ${{ 'a"), [Text("x "), Open(2)]);
        assert_eq!(pieces("$HOME {{ x }}"), [Text("$HOME {{ x }}")]);
        assert_eq!(pieces(""), []);
    }
}
