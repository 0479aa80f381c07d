//! Pages of lists: `maxResults` and `nextToken`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::fis::validate::Constraints;
use crate::{AwsError, Call};

/// A page of `items` under `member`. A token marks where the next page starts.
pub(super) fn page(call: &Call, member: &str, items: Vec<Value>) -> Result<Value, AwsError> {
    let mut size = 100;
    if let Some(text) = call.params.get("maxResults") {
        let number = call.number("maxResults");
        let number = number.ok_or_else(|| {
            AwsError::new(400, "SerializationException", format!("{text} is no number"))
        })?;
        let mut constraints = Constraints::default();
        constraints.range("maxResults", number, 1, 100);
        constraints.finish()?;
        size = usize::try_from(number).unwrap_or(size);
    }
    let start = match call.text("nextToken") {
        Some(token) => {
            offset(token).ok_or_else(|| AwsError::validation("The next token is not valid."))?
        }
        None => 0,
    };
    let has_more = items.len() > start + size;
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let mut answer = Map::from_iter([(member.to_owned(), Value::Array(shown))]);
    if has_more {
        answer.insert("nextToken".into(), STANDARD.encode(format!("at:{}", start + size)).into());
    }
    Ok(answer.into())
}

fn offset(token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("at:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back() {
        assert_eq!(offset(&STANDARD.encode("at:100")), Some(100));
        assert_eq!(offset("x"), None);
        assert_eq!(offset(&STANDARD.encode("at:-1")), None);
    }
}
