//! What a target receives of an event: all of it, a part, a constant, or a template.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use serde_json::Value;

/// The text to deliver.
pub(super) fn input(settings: &Value, rule_arn: &str, event: &Value) -> String {
    if let Some(constant) = settings.get("Input").and_then(Value::as_str) {
        return constant.to_owned();
    }
    if let Some(path) = settings.get("InputPath").and_then(Value::as_str) {
        return at(event, path).map_or_else(|| "null".into(), Value::to_string);
    }
    let transformer = settings.get("InputTransformer");
    match transformer.and_then(|settings| settings.get("InputTemplate")).and_then(Value::as_str) {
        Some(template) => {
            let paths = transformer.and_then(|settings| settings.get("InputPathsMap"));
            fill(template, paths, rule_arn, event)
        }
        None => event.to_string(),
    }
}

/// `$.detail.items[0].name`.
fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    let rest = path.strip_prefix('$')?;
    rest.split('.').filter(|part| !part.is_empty()).try_fold(event, |value, part| {
        let (name, places) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        let value = if name.is_empty() { Some(value) } else { value.get(name) };
        places.split('[').filter(|place| !place.is_empty()).try_fold(value?, |value, place| {
            value.get(place.trim_end_matches(']').parse::<usize>().ok()?)
        })
    })
}

fn fill(template: &str, paths: Option<&Value>, rule_arn: &str, event: &Value) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('>') else {
            text.push('<');
            rest = after;
            continue;
        };
        let found = match name {
            "aws.events.event" | "aws.events.event.json" => Some(event.clone()),
            "aws.events.rule-arn" => Some(rule_arn.into()),
            "aws.events.rule-name" => rule_arn.rsplit('/').next().map(Into::into),
            "aws.events.event.ingestion-time" => event.get("time").cloned(),
            _ => paths
                .and_then(|paths| paths.get(name)?.as_str())
                .map(|path| at(event, path).cloned().unwrap_or(Value::Null)),
        };
        // Inside quotation marks a string brings none of its own.
        let is_quoted = open_quote(&text);
        match found {
            Some(Value::String(value)) if is_quoted => text.push_str(&value),
            Some(Value::String(value)) if template.trim_start().starts_with(['{', '[']) => {
                text.push_str(&Value::String(value).to_string());
            }
            Some(Value::String(value)) => text.push_str(&value),
            Some(value) => text.push_str(&value.to_string()),
            None => text.push_str(&format!("<{name}>")),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// Whether `text` ends inside a JSON string.
fn open_quote(text: &str) -> bool {
    let mut is_open = false;
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => is_open = !is_open,
            _ => {}
        }
        escaped = false;
    }
    is_open
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({"source": "aws.ec2", "detail": {"state": "stopped", "ids": ["a", "b"], "n": 3}})
    }

    #[test]
    fn each_form_of_input_is_made() {
        let made = |settings: Value| input(&settings, "arn:aws:events:r:1:rule/x", &event());
        assert_eq!(made(json!({})), event().to_string());
        assert_eq!(made(json!({"Input": "{\"a\":1}"})), "{\"a\":1}");
        assert_eq!(made(json!({"InputPath": "$.detail.ids[1]"})), "\"b\"");
        assert_eq!(made(json!({"InputPath": "$.none"})), "null");
        let transformed = json!({"InputTransformer": {
            "InputPathsMap": {"s": "$.detail.state", "n": "$.detail.n"},
            "InputTemplate": "{\"state\": <s>, \"text\": \"it is <s> by <aws.events.rule-name>\", \"n\": <n>}",
        }});
        let made: Value = serde_json::from_str(&made(transformed)).expect("JSON");
        assert_eq!(made, json!({"state": "stopped", "text": "it is stopped by x", "n": 3}));
    }

    #[test]
    fn a_plain_template_is_text() {
        let settings = json!({"InputTransformer": {
            "InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": "\"now <s>, 1 < 2\""
        }});
        assert_eq!(input(&settings, "r", &event()), "\"now stopped, 1 < 2\"");
    }
}
