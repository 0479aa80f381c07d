//! Policy variables in the text of a policy.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
//!
//! Only documents of version 2012-10-17 have them; in others the text stands for itself. What a variable puts in is
//! literal: a `*` in a tag's value is no wildcard.

use crate::{
    Missing, Value,
    context::{Context, Look},
    glob::{Token, tokens},
};

/// What a text of a policy stands for in a request.
pub(crate) enum Resolved {
    Pattern(Vec<Token>),
    /// A variable in it has no value: it matches nothing.
    NoValue,
    Open(Missing),
}

/// Resolves a text. `variables` is whether the document's version has them, `wild` whether `*` and `?` are wildcards.
pub(crate) fn resolve(text: &str, context: &Context, variables: bool, wild: bool) -> Resolved {
    let mut open = None;
    let mut none = false;
    let pattern = walk(text, variables, wild, |piece| match piece {
        Piece::Broken => {
            open = Some(Missing::Malformed(format!("the variable in `{text}`")));
            Vec::new()
        }
        // An empty value counts as none.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
        Piece::Key { key, default } => match (context.look(key), default) {
            (Look::Value(Value::One(value)), _) if !value.is_empty() => {
                tokens(value, false).collect()
            }
            (Look::Unknown, _) => {
                open.get_or_insert_with(|| Missing::Key(key.into()));
                Vec::new()
            }
            (_, Some(default)) => tokens(default, false).collect(),
            (_, None) => {
                none = true;
                Vec::new()
            }
        },
    });
    match (none, open) {
        (true, _) => Resolved::NoValue,
        (false, Some(missing)) => Resolved::Open(missing),
        (false, None) => Resolved::Pattern(pattern),
    }
}

/// The pattern of a text in which each variable may be anything.
pub(crate) fn widest(text: &str, variables: bool) -> Vec<Token> {
    walk(text, variables, true, |_| vec![Token::Many])
}

/// The names of the keys whose values a text asks for.
pub(crate) fn keys(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(text, true, false, |piece| {
        if let Piece::Key { key, .. } = piece {
            found.push(key.to_owned());
        }
        Vec::new()
    });
    found
}

enum Piece<'a> {
    Key {
        key: &'a str,
        default: Option<&'a str>,
    },
    /// The rest of the text: what should be a variable is none.
    Broken,
}

fn walk(
    text: &str,
    variables: bool,
    wild: bool,
    mut of: impl FnMut(Piece<'_>) -> Vec<Token>,
) -> Vec<Token> {
    let mut pattern = Vec::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${").filter(|_| variables) {
        pattern.extend(tokens(before, wild));
        match variable(from) {
            None => {
                pattern.extend(of(Piece::Broken));
                return pattern;
            }
            Some((Variable::Char(c), after)) => {
                pattern.push(Token::Char(c));
                rest = after;
            }
            Some((Variable::Key { key, default }, after)) => {
                pattern.extend(of(Piece::Key { key, default }));
                rest = after;
            }
        }
    }
    pattern.extend(tokens(rest, wild));
    pattern
}

enum Variable<'a> {
    Char(char),
    Key { key: &'a str, default: Option<&'a str> },
}

/// The variable that begins after `${`, and what follows its `}`.
fn variable(from: &str) -> Option<(Variable<'_>, &str)> {
    for c in ['*', '?', '$'] {
        if let Some(after) = from.strip_prefix(c).and_then(|rest| rest.strip_prefix('}')) {
            return Some((Variable::Char(c), after));
        }
    }
    let end = from.find(['}', ','])?;
    let (key, rest) = (from[..end].trim(), &from[end..]);
    if key.is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix('}') {
        return Some((Variable::Key { key, default: None }, after));
    }
    let quoted = rest.strip_prefix(',')?.trim_start().strip_prefix('\'')?;
    let (default, rest) = quoted.split_once('\'')?;
    let after = rest.trim_start().strip_prefix('}')?;
    Some((Variable::Key { key, default: Some(default) }, after))
}

/// The segments of an ARN's pattern, at most six: a colon within a variable divides nothing.
pub(crate) fn segments(text: &str, variables: bool) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    // Looked for once: a text of nothing but `${` would be searched again at each.
    let last = text.rfind('}').filter(|_| variables).unwrap_or(0);
    while at < text.len() && found.len() < 5 {
        let rest = &text[at..];
        if at < last && rest.starts_with("${") {
            let inside = variable(&rest[2..]).map_or(2, |(_, after)| rest.len() - after.len());
            at += inside;
        } else if rest.starts_with(':') {
            found.push(&text[start..at]);
            at += 1;
            start = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, variables: bool) -> String {
        let context =
            Context::complete().with("aws:username", "al*ce").with("k", "").with("o", "1");
        match resolve(text, &context, variables, true) {
            Resolved::Pattern(tokens) => tokens
                .into_iter()
                .map(|token| match token {
                    Token::Char(c) => c.to_string(),
                    Token::One => "<?>".into(),
                    Token::Many => "<*>".into(),
                })
                .collect(),
            Resolved::NoValue => "no value".into(),
            Resolved::Open(missing) => missing.to_string(),
        }
    }

    #[test]
    fn variables_are_resolved() {
        assert_eq!(shown("a/${aws:UserName}/*", true), "a/al*ce/<*>");
        assert_eq!(shown("${*}${?}${$}?", true), "*?$<?>");
        assert_eq!(shown("${none, 'a, b}c'}-${o}", true), "a, b}c-1");
        assert_eq!(shown("${k, 'x'}", true), "x");
        assert_eq!(shown("a${none}", true), "no value");
        assert_eq!(shown("${aws:username}", false), "${aws:username}");
        for broken in ["${", "${}", "${a, b}", "${a, 'b}", "${a, 'b' c}"] {
            assert!(shown(broken, true).contains("malformed"), "{broken}");
        }
    }

    #[test]
    fn a_colon_in_a_variable_divides_nothing() {
        assert_eq!(segments("arn:aws:iam::${aws:PrincipalAccount}:role/a:b", true).len(), 6);
        assert_eq!(segments("arn:aws:iam::${aws:PrincipalAccount}:role/a:b", true)[5], "role/a:b");
        assert_eq!(segments("arn:*", true), ["arn", "*"]);
        assert_eq!(segments("", true), [""]);
        assert_eq!(segments("ü:${", true), ["ü", "${"]);
    }
}
