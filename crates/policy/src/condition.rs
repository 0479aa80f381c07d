//! One test of a `Condition` element: an operator, a key, and the policy's values.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use crate::{
    Missing, Value, arn,
    context::{Context, Look},
    glob::{Fuel, matches},
    operator::{Compare, Operator, Order, Set},
    template::{Resolved, resolve, widest},
    truth::Truth,
    value::{self, Reading},
};

/// One key of one operator. All tests of a statement must hold.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub operator: Operator,
    pub key: String,
    pub values: Vec<String>,
}

/// What a test is judged with.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub context: &'a Context,
    /// Whether the document's version has variables.
    pub variables: bool,
    pub fuel: &'a Fuel,
}

impl Test {
    pub(crate) fn holds(&self, scope: Scope<'_>) -> Truth {
        let look = scope.context.look(&self.key);
        let (set, compare, negated, if_exists) = match self.operator {
            Operator::Null => return self.is_null(&look),
            Operator::Test { set, compare, negated, if_exists } => {
                (set, compare, negated, if_exists)
            }
        };
        let one = |text: &str| {
            let each =
                self.values.iter().map(|value| compared(compare, negated, value, text, scope));
            let any = Truth::any(each);
            if negated { any.negated() } else { any }
        };
        // What comes of a request that does not have the key.
        let absent = match set {
            _ if if_exists => true,
            Some(Set::All) => true,
            Some(Set::Any) => false,
            None => negated,
        };
        match (look, set) {
            (Look::Unknown, _) => match absent && !negated && self.takes_anything(compare) {
                true => Truth::Yes,
                false => Truth::open(Missing::Key(self.key.clone())),
            },
            (Look::Absent, _) => absent.into(),
            (Look::Value(Value::One(text)), None) => one(text),
            (Look::Value(Value::Many(texts)), None) => match texts.as_slice() {
                [] => absent.into(),
                [text] => one(text),
                _ => Truth::undocumented(format!(
                    "several values of `{}` without `ForAllValues` or `ForAnyValue`",
                    self.key
                )),
            },
            // "If the key values resolve to a null data set, such as an empty string"
            (Look::Value(Value::One(text)), Some(Set::All)) if text.is_empty() => Truth::Yes,
            (Look::Value(Value::One(text)), Some(_)) => one(text),
            (Look::Value(Value::Many(texts)), Some(Set::All)) => {
                Truth::all(scope.fuel.each(texts).map(|text| one(text)))
            }
            (Look::Value(Value::Many(texts)), Some(Set::Any)) => {
                Truth::any(scope.fuel.each(texts).map(|text| one(text)))
            }
        }
    }

    fn takes_anything(&self, compare: Compare) -> bool {
        matches!(compare, Compare::Text { wild: true, .. }) && self.values.iter().any(|v| v == "*")
    }

    fn is_null(&self, look: &Look<'_>) -> Truth {
        let null = match look {
            Look::Unknown => return Truth::open(Missing::Key(self.key.clone())),
            Look::Absent => true,
            // "Context keys with empty values" count as missing.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html
            Look::Value(Value::One(text)) => text.is_empty(),
            Look::Value(Value::Many(texts)) => texts.is_empty(),
        };
        self.values.iter().any(|value| value.eq_ignore_ascii_case(&null.to_string())).into()
    }
}

/// Whether a value of the request matches one of the policy, before any negation.
fn compared(compare: Compare, negated: bool, policy: &str, text: &str, scope: Scope<'_>) -> Truth {
    let Scope { context, variables, fuel } = scope;
    if !fuel.spend((policy.len() + text.len()) as u64) {
        return Truth::open(Missing::TooLarge);
    }
    // Only strings and ARNs have variables; of `Bool` the documents say both.
    if compare == Compare::Bool && variables && policy.contains("${") {
        return Truth::undocumented(format!("the variable in `{policy}` of a `Bool` condition"));
    }
    match compare {
        Compare::Text { wild, fold } => match resolve(policy, context, variables, wild) {
            Resolved::Pattern(tokens) => matches(&tokens, text, fold, fuel).into(),
            Resolved::NoValue => Truth::No,
            Resolved::Open(missing) => match matches(&widest(policy, variables), text, fold, fuel)
                || !wild && policy.contains(['*', '?'])
            {
                true => Truth::open(missing),
                false => Truth::No,
            },
        },
        Compare::Arn => arn::like(policy, text, negated, context, variables, fuel),
        Compare::Bool => policy.eq_ignore_ascii_case(text).into(),
        Compare::Binary => (policy == text).into(),
        Compare::Number(order) => {
            ordered(order, negated, value::number(policy), value::number(text), policy)
        }
        Compare::Date(order) => {
            ordered(order, negated, value::moment(policy), value::moment(text), policy)
        }
        Compare::Ip => match (value::range(policy), value::range(text)) {
            (Reading::Is(range), Reading::Is((address, _))) => value::within(address, range).into(),
            _ => unreadable(negated, policy),
        },
    }
}

fn ordered<T: Ord>(
    order: Order,
    negated: bool,
    policy: Reading<T>,
    request: Reading<T>,
    text: &str,
) -> Truth {
    use Reading::{Is, Not, Open};
    let holds = |policy: &T, request: &T| order.holds(request.cmp(policy));
    // If AWS takes a form of which it does not say so, they may match; if it does not, they do not.
    let open = match (&policy, &request) {
        (Not, _) | (_, Not) => return unreadable(negated, text),
        (Is(policy), Is(request)) => return holds(policy, request).into(),
        (Is(policy), Open(request)) => {
            request.is_empty() || request.iter().any(|one| holds(policy, one))
        }
        (Open(policy), Is(request)) => {
            policy.is_empty() || policy.iter().any(|one| holds(one, request))
        }
        (Open(_), Open(_)) => true,
    };
    match open {
        true => Truth::undocumented(format!(
            "the form of `{text}`, or of the value that it is compared with"
        )),
        false => Truth::No,
    }
}

/// What cannot be read matches nothing. Whether a negated operator then holds, the documents do not say.
fn unreadable(negated: bool, text: &str) -> Truth {
    match negated {
        true => Truth::undocumented(format!("`{text}` in a negated condition of another type")),
        false => Truth::No,
    }
}
