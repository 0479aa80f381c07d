//! Names with dashes: Jinja reads `steps.revoke-role.x` as a subtraction, so dashed names after a root become bracket
//! access before parsing. Owns the text change and the way back for positions.

/// Rewritten text and where its pieces came from.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub code: String,
    /// (offset in `code`, offset in the source) where the distance between both changes, ascending.
    moves: Vec<(usize, usize)>,
}

impl Rewrite {
    /// The offset in the source of an offset in `code`.
    pub(super) fn original(&self, offset: usize) -> usize {
        let at = self.moves.partition_point(|(code, _)| *code <= offset);
        let (code, source) = at.checked_sub(1).map_or((0, 0), |at| self.moves[at]);
        let next = self.moves.get(at).map_or(usize::MAX, |(_, source)| *source);
        // Inside a rewritten name both ends meet the next piece at the latest.
        (source + (offset - code)).min(next)
    }
}

const ROOTS: [&str; 4] = ["inputs", "steps", "item", "run"];

pub(super) fn rewrite(source: &str) -> Rewrite {
    let mut code = String::with_capacity(source.len() + 16);
    let mut moves = Vec::new();
    let mut at = 0;
    while let Some(next) = source[at..].chars().next() {
        if next == '"' || next == '\'' {
            let end = at + string_length(&source[at..]);
            code.push_str(&source[at..end]);
            at = end;
        } else if next.is_alphabetic() || next == '_' {
            let end = at + name_length(&source[at..], false);
            let name = &source[at..end];
            let attribute = source[..at].trim_end().ends_with('.');
            code.push_str(name);
            at = end;
            if ROOTS.contains(&name) && !attribute {
                at = chain(source, at, &mut code, &mut moves);
            }
        } else {
            code.push(next);
            at += next.len_utf8();
        }
    }
    Rewrite { code, moves }
}

/// `.name` after `.name`, brackets only where a dash asks for them.
fn chain(source: &str, mut at: usize, code: &mut String, moves: &mut Vec<(usize, usize)>) -> usize {
    while let Some(rest) = source[at..].strip_prefix('.') {
        let length = name_length(rest, true);
        if length == 0 {
            break;
        }
        let name = &rest[..length];
        if name.contains('-') {
            moves.push((code.len(), at));
            // The quote and bracket belong to the point, so the name itself keeps its place.
            code.push_str("[\"");
            moves.push((code.len(), at + 1));
            code.push_str(name);
            moves.push((code.len(), at + 1 + length));
            code.push_str("\"]");
            moves.push((code.len(), at + 1 + length));
        } else {
            code.push('.');
            code.push_str(name);
        }
        at += 1 + length;
    }
    at
}

fn name_length(text: &str, dashes: bool) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let good =
            if at == 0 { c.is_alphabetic() || c == '_' } else { c.is_alphanumeric() || c == '_' };
        if !(good || (dashes && at > 0 && c == '-')) {
            break;
        }
        end = at + c.len_utf8();
    }
    // `a.b-` ends in an operator, not in a name.
    text[..end].trim_end_matches('-').len()
}

/// Length of the quoted string that `text` starts with; to the end when it is not closed.
pub(super) fn string_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, quote)) = chars.next() else { return 0 };
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashed_names_become_brackets_and_keep_their_place() {
        let source = "steps.revoke-role.new-id | join('steps.a-b') + inputs.x - 1";
        let found = rewrite(source);
        assert_eq!(
            found.code,
            r#"steps["revoke-role"]["new-id"] | join('steps.a-b') + inputs.x - 1"#
        );
        let at = found.code.find("join").expect("join");
        assert_eq!(found.original(at), source.find("join").expect("join"));
        assert_eq!(found.original(found.code.len()), source.len());
        assert_eq!(found.original(0), 0);
        let end = found.code.find(" |").expect("bar");
        assert_eq!(found.original(end), source.find(" |").expect("bar"));
    }

    #[test]
    fn what_is_no_chain_stays() {
        for code in [
            "a-b",
            "'x' ~ \"inputs.a-b",
            "foo.inputs.a",
            "inputs.",
            "inputs.a-",
            "inputs.ü",
            "item",
        ] {
            assert_eq!(rewrite(code).code, code);
        }
    }
}
