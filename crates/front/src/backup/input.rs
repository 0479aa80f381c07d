//! Members that many operations take: names, ARNs, times, pages. Pure; answers with AWS Backup's errors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::{invalid, missing};
use super::model::{Lifecycle, Texts};
use crate::{AwsError, Call};

/// A member at the top of the input that must be there.
pub(super) fn required<'a>(call: &'a Call, name: &str) -> Result<&'a str, AwsError> {
    call.text(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

/// 2 to 50 letters, digits, hyphens and underscores.
pub(super) fn vault_name(name: &str) -> Result<&str, AwsError> {
    is_name(name, 2, 50, "-_")
        .then_some(name)
        .ok_or_else(|| invalid(format!("Invalid backup vault name: {name}")))
}

/// `min` to `max` letters, digits and characters of `also`.
pub(super) fn is_name(name: &str, min: usize, max: usize, also: &str) -> bool {
    (min..=max).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || also.as_bytes().contains(&b))
}

/// A role's ARN. Whether the role is there and may do the work is not looked at.
pub(super) fn role(text: &str) -> Result<&str, AwsError> {
    let mut parts = text.splitn(6, ':');
    let is_role = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("iam")
        && parts.next() == Some("")
        && parts.next().is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|name| name.starts_with("role/") && name.len() > 5);
    is_role.then_some(text).ok_or_else(|| invalid(format!("Invalid role ARN: {text}")))
}

pub(super) fn lifecycle(value: Option<&Value>) -> Result<Option<Lifecycle>, AwsError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let lifecycle: Lifecycle = serde_json::from_value(value.clone())
        .map_err(|error| invalid(format!("Invalid lifecycle. {error}")))?;
    lifecycle.check()?;
    Ok(Some(lifecycle))
}

/// A map of texts: tags, metadata, options.
pub(super) fn texts(value: Option<&Value>, name: &str) -> Result<Texts, AwsError> {
    match value {
        None | Some(Value::Null) => Ok(Texts::new()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| invalid(format!("{name} must map strings to strings"))),
    }
}

/// A time of a query parameter: ISO 8601, or seconds since 1970.
pub(super) fn when(call: &Call, name: &str) -> Result<Option<Timestamp>, AwsError> {
    let Some(text) = call.text(name) else { return Ok(None) };
    let seconds = || {
        text.parse::<f64>().ok().and_then(|s| Timestamp::from_millisecond((s * 1000.0) as i64).ok())
    };
    match text.parse().ok().or_else(seconds) {
        Some(at) => Ok(Some(at)),
        None => Err(invalid(format!("Invalid timestamp in {name}: {text}"))),
    }
}

/// Whether a value passes a filter that is a query parameter; no parameter, no filter.
pub(super) fn wants(call: &Call, name: &str, value: &str) -> bool {
    call.text(name).is_none_or(|wanted| wanted == value)
}

/// The times of `before` and `after` filters around `at`.
pub(super) fn within(
    call: &Call,
    (after, before): (&str, &str),
    at: Option<Timestamp>,
) -> Result<bool, AwsError> {
    let (after, before) = (when(call, after)?, when(call, before)?);
    Ok(after.is_none_or(|limit| at.is_some_and(|at| at > limit))
        && before.is_none_or(|limit| at.is_some_and(|at| at < limit)))
}

/// One page of a list, as `{name: [..], "NextToken": ..}`. A token is the place to continue from, made opaque.
pub(super) fn page(call: &Call, name: &str, all: Vec<Value>) -> Result<Value, AwsError> {
    let given =
        |lower: &str, upper: &str| call.text(lower).or_else(|| call.text(upper)).map(str::to_owned);
    let size = match given("maxResults", "MaxResults") {
        None => 1000,
        Some(text) => match text.parse::<usize>() {
            Ok(size @ 1..=1000) => size,
            _ => return Err(invalid(format!("MaxResults must be from 1 to 1000, not {text}"))),
        },
    };
    let from = match given("nextToken", "NextToken") {
        None => 0,
        Some(token) => place(&token).ok_or_else(|| invalid("Provided NextToken is invalid"))?,
    };
    let rest = all.len().saturating_sub(from + size);
    let items: Vec<Value> = all.into_iter().skip(from).take(size).collect();
    let mut page = Map::from_iter([(name.to_owned(), json!(items))]);
    if rest > 0 {
        page.insert("NextToken".into(), token(from + size).into());
    }
    Ok(page.into())
}

fn token(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("backup/{place}"))
}

fn place(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("backup/")?.parse().ok()
}

/// Without members that are null: clients take those for absent, but AWS does not send them.
pub(super) fn lean(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, inner)| !inner.is_null());
            kept.map(|(name, inner)| (name, lean(inner))).collect()
        }
        Value::Array(items) => items.into_iter().map(lean).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_by_its_arn() {
        assert!(role("arn:aws:iam::111122223333:role/service-role/Backup").is_ok());
        for bad in [
            "",
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:iam::1:role/a",
            "arn:aws:iam::111122223333:role/",
        ] {
            assert!(role(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_vaults_are_short_and_plain() {
        assert!(vault_name("a_vault-1").is_ok());
        for bad in ["a", "a vault", "a/b", &"v".repeat(51)] {
            assert!(vault_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tokens_are_only_ours() {
        assert_eq!(place(&token(17)), Some(17));
        assert_eq!(place("17"), None);
        assert_eq!(place("%%"), None);
    }

    #[test]
    fn nulls_are_left_out() {
        let lean = lean(json!({"a": null, "b": [{"c": null, "d": 1}]}));
        assert_eq!(lean, json!({"b": [{"d": 1}]}));
    }
}
