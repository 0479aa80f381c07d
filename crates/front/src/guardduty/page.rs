//! Lists in pages: `maxResults` and `nextToken` of GuardDuty.

use serde_json::{Map, Value, json};

use super::bad::invalid;
use crate::{AwsError, Call};

const MOST: usize = 50;

/// One page of `items` under the member `list`. The last page has an empty token, as AWS's has.
pub(super) fn cut(call: &Call, items: Vec<Value>, list: &str) -> Result<Value, AwsError> {
    of(items, call.number("maxResults"), call.text("nextToken").unwrap_or_default(), list)
}

fn of(items: Vec<Value>, asked: Option<i64>, token: &str, list: &str) -> Result<Value, AwsError> {
    let size = match asked.map(usize::try_from) {
        None => MOST,
        Some(Ok(size)) if (1..=MOST).contains(&size) => size,
        Some(_) => return Err(invalid("maxResults")),
    };
    let from: usize =
        if token.is_empty() { 0 } else { token.parse().map_err(|_| invalid("nextToken"))? };
    let next = if from.saturating_add(size) < items.len() {
        (from + size).to_string()
    } else {
        String::new()
    };
    let page: Value = items.into_iter().skip(from).take(size).collect();
    Ok(Map::from_iter([(list.to_owned(), page), ("nextToken".to_owned(), json!(next))]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let items = || vec![json!(1), json!(2), json!(3)];
        assert_eq!(of(items(), Some(2), "", "l"), Ok(json!({"l": [1, 2], "nextToken": "2"})));
        assert_eq!(of(items(), Some(2), "2", "l"), Ok(json!({"l": [3], "nextToken": ""})));
        assert!(of(items(), Some(51), "", "l").is_err());
        assert!(of(items(), None, "x", "l").is_err());
    }
}
