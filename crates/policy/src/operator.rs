//! The names of condition operators.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;

/// How the values of a key are compared with those of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Text { wild: bool, fold: bool },
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Which values of a key with several must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    All,
    Any,
}

/// What an operator's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `Null`: whether the key is there.
    Null,
    Test {
        set: Option<Set>,
        compare: Compare,
        negated: bool,
        if_exists: bool,
    },
}

/// Reads an operator's name.
pub(crate) fn read(name: &str) -> Option<Operator> {
    let (set, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Some(Set::All), rest),
        Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
        Some(_) => return None,
        None => (None, name),
    };
    if rest == "Null" {
        return set.is_none().then_some(Operator::Null);
    }
    let (base, if_exists) = match rest.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (rest, false),
    };
    let text = |wild, fold| Compare::Text { wild, fold };
    let (compare, negated) = match base {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        "Bool" => (Compare::Bool, false),
        "BinaryEquals" => (Compare::Binary, false),
        "IpAddress" => (Compare::Ip, false),
        "NotIpAddress" => (Compare::Ip, true),
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        _ => {
            let (of, order): (fn(Order) -> Compare, _) = match base.strip_prefix("Numeric") {
                Some(order) => (Compare::Number, order),
                None => (Compare::Date, base.strip_prefix("Date")?),
            };
            match order {
                "Equals" => (of(Order::Equal), false),
                "NotEquals" => (of(Order::Equal), true),
                "LessThan" => (of(Order::Less), false),
                "LessThanEquals" => (of(Order::LessOrEqual), false),
                "GreaterThan" => (of(Order::Greater), false),
                "GreaterThanEquals" => (of(Order::GreaterOrEqual), false),
                _ => return None,
            }
        }
    };
    Some(Operator::Test { set, compare, negated, if_exists })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let like = Compare::Text { wild: true, fold: false };
        assert_eq!(
            read("ForAnyValue:StringNotLikeIfExists"),
            Some(Operator::Test {
                set: Some(Set::Any),
                compare: like,
                negated: true,
                if_exists: true
            })
        );
        assert_eq!(read("Null"), Some(Operator::Null));
        for wrong in [
            "",
            "NullIfExists",
            "ForAllValues:Null",
            "For:Bool",
            "StringMatches",
            "Numeric",
            "DateLess",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
