//! Form parameters of the query protocols: `Filter.1.Name=a` to nested values and back.

use std::collections::BTreeMap;

use form_urlencoded::parse;
use indexmap::IndexMap;
use serde_json::{Map, Value};

/// More than any AWS call has; the rest is not read.
const MOST: usize = 20_000;
const DEEPEST: usize = 24;

/// Decoded pairs in order. Bytes that are no UTF-8 become U+FFFD.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    parse(text.as_bytes()).take(MOST).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    members: IndexMap<String, Node>,
}

/// Nested values of dotted names. Lists start at 1 and may have gaps; `.member.` is left out, as in the
/// protocol's own list form.
pub(super) fn nest(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut root = Node::default();
    for (name, value) in pairs {
        let parts: Vec<&str> = name.splitn(DEEPEST, '.').collect();
        let mut node = &mut root;
        for part in parts {
            node = node.members.entry(part.to_owned()).or_default();
        }
        node.text = Some(value);
    }
    match value(root) {
        Value::Object(map) => Value::Object(map),
        // No member at all, or numbers only: no AWS call.
        _ => Value::Object(Map::new()),
    }
}

fn value(mut node: Node) -> Value {
    if node.members.is_empty() {
        return Value::String(node.text.unwrap_or_default());
    }
    if node.members.len() == 1 {
        for wrapper in ["member", "entry"] {
            if let Some(inner) = node.members.get_mut(wrapper)
                && numbered(inner)
            {
                let inner = std::mem::take(inner);
                return value(inner);
            }
        }
    }
    if numbered(&node) {
        let by_number: BTreeMap<u32, Node> =
            node.members.into_iter().filter_map(|(k, v)| Some((k.parse().ok()?, v))).collect();
        return by_number.into_values().map(value).collect();
    }
    node.members.into_iter().map(|(name, inner)| (name, value(inner))).collect::<Map<_, _>>().into()
}

fn numbered(node: &Node) -> bool {
    !node.members.is_empty() && node.members.keys().all(|key| key.parse::<u32>().is_ok())
}

/// The way back: dotted pairs of nested values; lists as `Name.1` for EC2 and `Name.member.1` for the others.
pub(crate) fn flatten(params: &Value, is_ec2: bool) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    push(&mut pairs, String::new(), params, is_ec2);
    pairs
}

fn push(pairs: &mut Vec<(String, String)>, name: String, value: &Value, is_ec2: bool) {
    let dot = if name.is_empty() { "" } else { "." };
    match value {
        Value::Null => {}
        Value::Bool(flag) => pairs.push((name, flag.to_string())),
        Value::Number(number) => pairs.push((name, number.to_string())),
        Value::String(text) => pairs.push((name, text.clone())),
        Value::Array(items) => {
            let member = if is_ec2 { "" } else { "member." };
            for (place, item) in items.iter().enumerate() {
                push(pairs, format!("{name}{dot}{member}{}", place + 1), item, is_ec2);
            }
        }
        Value::Object(members) => {
            for (key, inner) in members {
                push(pairs, format!("{name}{dot}{key}"), inner, is_ec2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dotted_names_nest() {
        let text = "Filter.1.Name=instance-id&Filter.1.Value.2=b&Filter.1.Value.1=a&DryRun=true&Tags.member.1.Key=k";
        let nested = json!({
            "Filter": [{"Name": "instance-id", "Value": ["a", "b"]}],
            "DryRun": "true",
            "Tags": [{"Key": "k"}],
        });
        assert_eq!(nest(pairs(text)), nested);
    }

    #[test]
    fn flatten_is_the_way_back() {
        let params =
            json!({"Filter": [{"Name": "n", "Value": ["a", "b"]}], "Max": 5, "None": null});
        let ec2 = flatten(&params, true);
        assert_eq!(ec2[1], ("Filter.1.Value.1".into(), "a".into()));
        assert_eq!(ec2.len(), 4);
        let query = flatten(&params, false);
        assert_eq!(query[1].0, "Filter.member.1.Value.member.1");
        assert_eq!(nest(query)["Filter"], params["Filter"]);
    }

    #[test]
    fn names_at_odds_with_each_other_do_no_harm() {
        let odd = nest(pairs("A=1&A.1=2&A.x=3&.=4&1=5&..1.=6"));
        assert_eq!(odd["A"]["x"], "3");
        assert_eq!(nest(pairs("1=a&2=b")), json!({}));
        let deep = format!("{}x=1", "A.".repeat(100_000));
        nest(pairs(&deep));
    }
}
