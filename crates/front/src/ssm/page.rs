//! Lists in pages: `MaxResults` and `NextToken` of Systems Manager.

use serde_json::{Map, Value, json};

use crate::{AwsError, Call};

/// One page of `items` under the member `list`, and where the next begins.
pub(super) fn cut(
    call: &Call,
    items: Vec<Value>,
    list: &str,
    most: usize,
) -> Result<Value, AwsError> {
    let asked = call.number("MaxResults").map(|n| usize::try_from(n).unwrap_or(0));
    of(items, asked, call.text("NextToken"), list, most)
}

fn of(
    items: Vec<Value>,
    asked: Option<usize>,
    token: Option<&str>,
    list: &str,
    most: usize,
) -> Result<Value, AwsError> {
    let size = match asked {
        None => most,
        Some(size) if (1..=most).contains(&size) => size,
        Some(size) => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to {most}"
            )));
        }
    };
    let invalid = || AwsError::new(400, "InvalidNextToken", "The specified token is not valid.");
    let from: usize = token.map_or(Ok(0), str::parse).map_err(|_| invalid())?;
    if from > items.len() {
        return Err(invalid());
    }
    let next = (from + size < items.len()).then_some(from + size);
    let page: Value = items.into_iter().skip(from).take(size).collect();
    let mut answer = Map::from_iter([(list.to_owned(), page)]);
    if let Some(next) = next {
        answer.insert("NextToken".into(), json!(next.to_string()));
    }
    Ok(answer.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let items = || vec![json!(1), json!(2), json!(3)];
        let first = of(items(), Some(2), None, "L", 50).expect("a page");
        assert_eq!(first, json!({"L": [1, 2], "NextToken": "2"}));
        assert_eq!(of(items(), Some(2), Some("2"), "L", 50), Ok(json!({"L": [3]})));
        assert_eq!(
            of(items(), None, Some("x"), "L", 50).expect_err("refused").code,
            "InvalidNextToken"
        );
        assert!(of(items(), Some(51), None, "L", 50).is_err());
    }
}
