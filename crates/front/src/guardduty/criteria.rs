//! `FindingCriteria` and `SortCriteria`: which findings a list, a statistic or a filter means. Pure.
//!
//! Conditions as in <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListFindings.html>.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::bad::invalid;
use crate::AwsError;

/// Attributes outside `resource.` and `service.`.
const TOP: &[&str] = &[
    "accountId",
    "arn",
    "associatedAttackSequenceArn",
    "confidence",
    "createdAt",
    "id",
    "partition",
    "region",
    "schemaVersion",
    "severity",
    "title",
    "type",
    "updatedAt",
];

/// Conditions by attribute; all must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Criteria(Vec<(String, Vec<Condition>)>);

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Equals(Vec<String>),
    Differs(Vec<String>),
    Like(Vec<String>),
    Unlike(Vec<String>),
    Order(&'static str, f64),
}

impl Criteria {
    /// Of a request's `findingCriteria`; nothing means all findings.
    pub(super) fn read(value: Option<&Value>) -> Result<Self, AwsError> {
        let wrong = || invalid("findingCriteria");
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(Self::default());
        };
        let members = match value.get("criterion") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(criterion) => criterion.as_object().ok_or_else(wrong)?,
        };
        let mut all = Vec::new();
        for (attribute, condition) in members {
            let inner = ["resource.", "service."].iter().any(|start| attribute.starts_with(start));
            if !inner && !TOP.contains(&attribute.as_str()) {
                return Err(wrong());
            }
            let condition = condition.as_object().ok_or_else(wrong)?;
            all.push((attribute.clone(), conditions(condition).ok_or_else(wrong)?));
        }
        Ok(Self(all))
    }

    pub(super) fn fits(&self, finding: &Value) -> bool {
        self.0.iter().all(|(attribute, conditions)| {
            let found = at(finding, attribute);
            conditions.iter().all(|condition| condition.holds(&found))
        })
    }
}

fn conditions(members: &Map<String, Value>) -> Option<Vec<Condition>> {
    let texts = |value: &Value| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let number = |value: &Value| value.as_f64();
    let each = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        Some(match name.as_str() {
            "eq" | "equals" => Condition::Equals(texts(value)?),
            "neq" | "notEquals" => Condition::Differs(texts(value)?),
            "matches" => Condition::Like(texts(value)?),
            "notMatches" => Condition::Unlike(texts(value)?),
            "gt" | "greaterThan" => Condition::Order(">", number(value)?),
            "gte" | "greaterThanOrEqual" => Condition::Order(">=", number(value)?),
            "lt" | "lessThan" => Condition::Order("<", number(value)?),
            "lte" | "lessThanOrEqual" => Condition::Order("<=", number(value)?),
            _ => return None,
        })
    });
    each.collect()
}

impl Condition {
    /// `found` holds more than one value where the path goes through a list.
    fn holds(&self, found: &[&Value]) -> bool {
        let any = |wanted: &[String], is: fn(&Value, &str) -> bool| {
            found.iter().any(|value| wanted.iter().any(|text| is(value, text)))
        };
        match self {
            Self::Equals(wanted) => any(wanted, equals),
            Self::Differs(wanted) => !any(wanted, equals),
            Self::Like(wanted) => any(wanted, like),
            Self::Unlike(wanted) => !any(wanted, like),
            Self::Order(sign, bound) => {
                found.iter().filter_map(|value| number(value)).any(|n| match *sign {
                    ">" => n > *bound,
                    ">=" => n >= *bound,
                    "<" => n < *bound,
                    _ => n <= *bound,
                })
            }
        }
    }
}

fn equals(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own == text,
        Value::Bool(own) => text.parse() == Ok(*own),
        Value::Number(own) => own.as_f64().is_some_and(|own| text.parse() == Ok(own)),
        _ => false,
    }
}

fn like(value: &Value, pattern: &str) -> bool {
    value.as_str().is_some_and(|text| glob(pattern.as_bytes(), text.as_bytes()))
}

/// `*` any letters, `?` any one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            (p, t, star) = (at + 1, from + 1, Some((at, from + 1)));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

/// Numbers as they are, times as milliseconds since 1970.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Some(text.parse::<Timestamp>().ok()?.as_millisecond() as f64),
        _ => None,
    }
}

/// Every value at a dotted path, through every list.
fn at<'a>(finding: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('.').fold(vec![finding], |found, name| {
        let spread = found.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        });
        let inner: Vec<&Value> = spread.filter_map(|value| value.get(name)).collect();
        inner
            .into_iter()
            .flat_map(|value| value.as_array().map_or(vec![value], |list| list.iter().collect()))
            .collect()
    })
}

/// Puts findings in the order that `sortCriteria` asks for; without it they stay as they are.
pub(super) fn sort(findings: &mut [Value], criteria: Option<&Value>) -> Result<(), AwsError> {
    let Some(criteria) = criteria.filter(|value| !value.is_null()) else { return Ok(()) };
    let Some(attribute) = criteria.get("attributeName").and_then(Value::as_str) else {
        return Ok(());
    };
    let is_descending = match criteria.get("orderBy").and_then(Value::as_str) {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(_) => return Err(invalid("sortCriteria")),
    };
    findings.sort_by(|a, b| {
        let (a, b) = (at(a, attribute), at(b, attribute));
        let order = compare(a.first().copied(), b.first().copied());
        if is_descending { order.reverse() } else { order }
    });
    Ok(())
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a.and_then(number), b.and_then(number)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.and_then(Value::as_str).cmp(&b.and_then(Value::as_str)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding() -> Value {
        json!({
            "id": "1", "type": "Policy:S3/BucketAnonymousAccessGranted", "severity": 8.0,
            "updatedAt": "2026-11-24T11:00:00.000Z",
            "resource": {"s3BucketDetails": [{"name": "a"}, {"name": "b"}]},
            "service": {"archived": false, "count": 3},
        })
    }

    fn fits(criterion: Value) -> bool {
        let criteria = json!({"criterion": criterion});
        Criteria::read(Some(&criteria)).expect("criteria").fits(&finding())
    }

    #[test]
    fn each_condition() {
        assert!(fits(json!({"severity": {"gte": 8, "lt": 9}})));
        assert!(fits(json!({"severity": {"eq": ["7", "8"]}})));
        assert!(!fits(json!({"severity": {"greaterThan": 8}})));
        assert!(fits(json!({"service.archived": {"eq": ["false"]}})));
        assert!(!fits(json!({"service.archived": {"neq": ["false"]}})));
        assert!(fits(json!({"type": {"matches": ["Policy:S3/*"]}, "id": {"eq": ["1", "2"]}})));
        assert!(!fits(json!({"type": {"notMatches": ["Policy:*"]}})));
        assert!(fits(json!({"resource.s3BucketDetails.name": {"eq": ["b"]}})));
        assert!(!fits(json!({"resource.s3BucketDetails.name": {"neq": ["b"]}})));
        assert!(fits(json!({"resource.instanceDetails.instanceId": {"neq": ["i-1"]}})));
        assert!(fits(json!({"updatedAt": {"gte": 1_795_518_000_000_i64}})));
        assert!(!fits(json!({"updatedAt": {"lt": 1_795_518_000_000_i64}})));
        assert!(fits(json!({})));
    }

    #[test]
    fn what_is_no_criteria_is_refused() {
        for bad in [
            json!({"criterion": {"nonsense": {"eq": ["1"]}}}),
            json!({"criterion": {"severity": {"like": ["1"]}}}),
            json!({"criterion": {"severity": {"eq": "1"}}}),
            json!({"criterion": {"severity": {"gt": "1"}}}),
            json!({"criterion": []}),
        ] {
            assert_eq!(
                Criteria::read(Some(&bad)).expect_err("refused").code,
                "BadRequestException"
            );
        }
        assert_eq!(Criteria::read(None), Ok(Criteria::default()));
    }

    #[test]
    fn findings_are_sorted() {
        let mut all = [json!({"id": "a", "severity": 5.0}), json!({"id": "b", "severity": 8.0})];
        sort(&mut all, Some(&json!({"attributeName": "severity", "orderBy": "DESC"})))
            .expect("sorted");
        assert_eq!(all[0]["id"], "b");
        sort(&mut all, Some(&json!({"attributeName": "id"}))).expect("sorted");
        assert_eq!(all[0]["id"], "a");
        assert!(sort(&mut all, Some(&json!({"attributeName": "id", "orderBy": "UP"}))).is_err());
    }

    #[test]
    fn globs() {
        for (pattern, text, is) in
            [("*", "", true), ("a*c", "abc", true), ("a*c", "abd", false), ("?b*", "abc", true)]
        {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), is, "{pattern} {text}");
        }
    }
}
