//! Items as JSON. Owns three forms: plain (as people write them), typed (DynamoDB's own, lossless, in
//! one spelling, so that equal items are equal texts), and the SDK's.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// From a plain value: text, number, boolean, null, list, mapping.
pub(crate) fn plain(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(is) => AttributeValue::Bool(*is),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => AttributeValue::L(items.iter().map(plain).collect()),
        Value::Object(map) => {
            AttributeValue::M(map.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
    }
}

/// `{"S": "x"}` and the like; names sorted, sets sorted, numbers in one spelling.
pub(crate) fn typed(value: &AttributeValue) -> Value {
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": one_spelling(number) }),
        AttributeValue::Bool(is) => json!({ "BOOL": is }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::L(items) => json!({ "L": items.iter().map(typed).collect::<Vec<_>>() }),
        AttributeValue::M(map) => json!({ "M": typed_item(map) }),
        AttributeValue::Ss(texts) => json!({ "SS": sorted(texts.clone()) }),
        AttributeValue::Ns(numbers) => {
            json!({ "NS": sorted(numbers.iter().map(|n| one_spelling(n)).collect()) })
        }
        AttributeValue::Bs(all) => {
            json!({ "BS": sorted(all.iter().map(|b| STANDARD.encode(b)).collect()) })
        }
        // Null, and whatever later versions of the service add.
        _ => json!({ "NULL": true }),
    }
}

pub(crate) fn typed_item(item: &Item) -> Value {
    let mut names: Vec<_> = item.keys().collect();
    names.sort();
    let entries = names.into_iter().map(|name| (name.clone(), typed(&item[name])));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// Back from [`typed`]; `None` for what it does not write.
pub(crate) fn untyped(value: &Value) -> Option<AttributeValue> {
    let (kind, inner) = value.as_object().filter(|map| map.len() == 1)?.iter().next()?;
    let text = || inner.as_str().map(str::to_owned);
    let list = || inner.as_array().map(Vec::as_slice);
    let texts = || -> Option<Vec<String>> {
        list()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let blob = |text: &str| STANDARD.decode(text).ok().map(Blob::new);
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "B" => AttributeValue::B(blob(&text()?)?),
        "BOOL" => AttributeValue::Bool(inner.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(list()?.iter().map(untyped).collect::<Option<_>>()?),
        "M" => AttributeValue::M(untyped_item(inner)?),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "BS" => AttributeValue::Bs(texts()?.iter().map(|one| blob(one)).collect::<Option<_>>()?),
        _ => return None,
    })
}

pub(crate) fn untyped_item(value: &Value) -> Option<Item> {
    let entries = value.as_object()?.iter();
    entries.map(|(name, value)| Some((name.clone(), untyped(value)?))).collect()
}

/// DynamoDB gives numbers back in another spelling than they were written in: `1.50` as `1.5`,
/// `1E2` as `100`. Here: the digits without outer zeros, and an exponent where there is one.
fn one_spelling(number: &str) -> String {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return number.into() };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa.trim_start_matches('+')),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let trimmed = all.trim_end_matches('0');
    let exponent = exponent - fraction.len() as i64 + (all.len() - trimmed.len()) as i64;
    match trimmed.trim_start_matches('0') {
        "" => "0".into(),
        digits if exponent == 0 => format!("{sign}{digits}"),
        digits => format!("{sign}{digits}E{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (written, want) in [
            ("1.50", "15E-1"),
            ("1.5", "15E-1"),
            ("100", "1E2"),
            ("1E2", "1E2"),
            ("-0.00120", "-12E-4"),
            ("0.0", "0"),
            ("-7", "-7"),
            ("+7", "7"),
        ] {
            assert_eq!(one_spelling(written), want, "{written}");
        }
    }

    #[test]
    fn items_come_back_from_their_typed_form() {
        let value = json!({ "id": "a", "n": 1.50, "l": [null, true, { "x": "y" }] });
        let AttributeValue::M(item) = plain(&value) else { panic!("a mapping") };
        let text = typed_item(&item);
        assert_eq!(text["l"]["L"][2]["M"]["x"], json!({ "S": "y" }));
        let back = untyped_item(&text).expect("its own form");
        assert_eq!(typed_item(&back), text);
        let sets = json!({ "s": { "SS": ["a", "b"] }, "b": { "B": "AAE=" } });
        assert_eq!(
            typed_item(&untyped_item(&sets).expect("sets")),
            json!({ "b": sets["b"], "s": sets["s"] })
        );
        assert!(untyped(&json!({ "X": 1 })).is_none() && untyped(&json!("a")).is_none());
    }
}
