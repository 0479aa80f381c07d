//! Which use of a value keeps it whole. A sensitive value may only be used so: whatever picks from it, compares it
//! or counts it makes something by which a reader of the result learns a part of it. Owns the list of what
//! keeps a value whole; whatever is not on it does not. Which values are sensitive is `taint`'s.

use minijinja::machinery::ast::{self, BinOpKind, CallArg};
use serde_json::Value as Json;

/// How an expression uses one value that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// All of it is in the result, in a form that can be found there again.
    Whole(Need),
    /// Anything else, in words that follow "it is".
    Part(String),
}

/// What a value must be so that its use keeps it whole: `join` takes a text apart, and `+` calculates with numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Any,
    /// A text or a number.
    Scalar,
    Text,
    /// A list of texts and numbers.
    List,
}

impl Need {
    /// What else it is, in words that follow "it is"; none where the value fits.
    pub(super) fn refuses(self, value: &Json) -> Option<&'static str> {
        let scalar = |value: &Json| matches!(value, Json::String(_) | Json::Number(_));
        let fits = match self {
            Self::Any => true,
            Self::Scalar => scalar(value),
            Self::Text => value.is_string(),
            Self::List => value.as_array().is_some_and(|items| items.iter().all(scalar)),
        };
        (!fits).then_some(self.otherwise())
    }

    /// What a use of a value of another type is, in words that follow "it is".
    pub fn otherwise(self) -> &'static str {
        match self {
            Self::Any => "used in another way",
            Self::Scalar => "made a text, which only a text or a number may be",
            Self::Text => "used where only a text may be",
            Self::List => "joined, which only a list of texts may be",
        }
    }
}

/// A step from a value to what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Name(String),
    At(usize),
}

impl Key {
    pub(super) fn of(value: &minijinja::Value) -> Option<Self> {
        if let Some(name) = value.as_str() {
            return Some(Self::Name(name.to_owned()));
        }
        value.is_integer().then(|| usize::try_from(value.clone()).ok().map(Self::At)).flatten()
    }
}

/// The value at the end of `path`, or as far as there is one, and how much of the path is left then.
pub(super) fn follow<'a, 'p>(value: &'a Json, path: &'p [Key]) -> (&'a Json, &'p [Key]) {
    let Some((first, rest)) = path.split_first() else { return (value, path) };
    let inner = match first {
        Key::Name(name) => value.as_object().and_then(|map| map.get(name)),
        Key::At(at) => value.as_array().and_then(|items| items.get(*at)),
    };
    inner.map_or((value, path), |inner| follow(inner, rest))
}

/// What stands around a part of an expression, as far as a value in that place is used by it.
#[derive(Clone)]
pub(super) struct Around {
    /// Nothing does: the part is the expression.
    pub exact: bool,
    pub used: Use,
    /// Written as JSON already. Each time more doubles each quote of a text, until its length tells how many it has.
    in_json: bool,
}

impl Around {
    pub(super) fn nothing() -> Self {
        Self { exact: true, used: Use::Whole(Need::Any), in_json: false }
    }

    pub(super) fn part(what: impl Into<String>) -> Self {
        Self { exact: false, used: Use::Part(what.into()), in_json: false }
    }

    /// For an operand that is a `need`, of something that makes what `fits`.
    fn of(&self, fits: bool, need: Need) -> Self {
        match &self.used {
            Use::Part(what) => Self::part(what.clone()),
            Use::Whole(outer) if !fits => Self::part(outer.otherwise()),
            Use::Whole(_) => Self { exact: false, used: Use::Whole(need), in_json: self.in_json },
        }
    }

    /// For an operand of what makes a text.
    fn in_text(&self, need: Need) -> Self {
        self.of(self.used != Use::Whole(Need::List), need)
    }

    pub(super) fn binary(&self, op: BinOpKind) -> Self {
        use BinOpKind::{
            Add, Concat, Div, Eq, FloorDiv, Gt, Gte, In, Lt, Lte, Mul, Ne, Pow, Rem, ScAnd, ScOr,
            Sub,
        };
        match op {
            Concat => self.in_text(Need::Scalar),
            Add => self.in_text(Need::Text),
            ScAnd | ScOr => Self::part("a condition"),
            Eq | Ne | Lt | Lte | Gt | Gte => Self::part("compared"),
            In => Self::part("looked for, or looked into"),
            Sub | Mul | Div | FloorDiv | Rem | Pow => Self::part("calculated with"),
        }
    }

    pub(super) fn in_list(&self) -> Self {
        let items = if self.used == Use::Whole(Need::List) { Need::Scalar } else { Need::Any };
        self.of(matches!(self.used, Use::Whole(Need::Any | Need::List)), items)
    }

    /// For a value of a mapping, not for a key.
    pub(super) fn in_map(&self) -> Self {
        self.of(self.used == Use::Whole(Need::Any), Need::Any)
    }

    /// For what a filter is applied to.
    pub(super) fn filtered(&self, name: &str, args: &[CallArg<'_>]) -> Self {
        match (name, args) {
            ("upper" | "lower", []) => self.in_text(Need::Text),
            ("string", []) => self.in_text(Need::Scalar),
            ("tojson", []) if !self.in_json => Self { in_json: true, ..self.in_text(Need::Any) },
            ("join", [] | [CallArg::Pos(ast::Expr::Const(_))]) => self.in_text(Need::List),
            // With a second argument it asks whether the value is an empty one.
            ("default" | "d", [] | [CallArg::Pos(_)]) => Self { exact: false, ..self.clone() },
            _ => Self::part(format!("given to the filter `{name}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_ends_where_nothing_is() {
        let value = json!({ "a": ["text"] });
        let path = [Key::Name("a".into()), Key::At(0), Key::At(0)];
        assert_eq!(follow(&value, &path), (&json!("text"), &path[2..]));
        assert_eq!(follow(&value, &path[..1]), (&json!(["text"]), &[][..]));
        let other = [Key::Name("b".into())];
        assert_eq!(follow(&value, &other), (&value, &other[..]));
    }

    #[test]
    fn what_a_value_must_be() {
        for (need, fits, not) in [
            (Need::Scalar, json!(1), json!(["a"])),
            (Need::Text, json!("a"), json!(1)),
            (Need::List, json!(["a", 1]), json!([["a"]])),
        ] {
            assert_eq!(need.refuses(&fits), None);
            assert_eq!(need.refuses(&not), Some(need.otherwise()));
            assert_eq!(Need::Any.refuses(&not), None);
        }
    }
}
