//! The inputs of one run: what was given, the defaults, and everything wrong with them at once.

use indexmap::IndexMap;
use serde_json::Value;

use super::did_you_mean;
use super::document::Playbook;

/// One thing that is wrong with the given inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputProblem {
    #[error("input `{name}` is missing; give it with `-i {name}=<{wanted}>`{about}")]
    Missing { name: String, wanted: String, about: String },
    /// On the command line itself other users of the machine could see it.
    #[error(
        "sensitive input `{name}` is missing; give it with `-i {name}=@FILE`, `-i {name}=@-` (standard input), `-i {name}=env:VARIABLE`, `-i {name}=ssm:/PATH` or `-i {name}=secretsmanager:NAME`{about}"
    )]
    MissingSecret { name: String, about: String },
    #[error("the playbook has no input `{name}`; {help}")]
    Unknown { name: String, help: String },
    #[error("input `{name}`{reason}")]
    Bad { name: String, reason: String },
    #[error("input `{name}` is given twice")]
    Twice { name: String },
}

impl InputProblem {
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. }
            | Self::MissingSecret { name, .. }
            | Self::Unknown { name, .. }
            | Self::Bad { name, .. }
            | Self::Twice { name } => name,
        }
    }
}

/// Values for every declared input, in the order of the playbook.
///
/// `given` are the pairs of `-i name=value`, as text.
pub fn resolve(
    playbook: &Playbook,
    given: &[(String, String)],
) -> Result<IndexMap<String, Value>, Vec<InputProblem>> {
    let mut problems = Vec::new();
    let mut texts: IndexMap<&str, &str> = IndexMap::new();
    for (name, text) in given {
        if !playbook.inputs.contains_key(name) {
            let help =
                did_you_mean(name, playbook.inputs.keys().map(String::as_str), "its inputs are");
            problems.push(InputProblem::Unknown { name: name.clone(), help });
        } else if texts.insert(name, text).is_some() {
            problems.push(InputProblem::Twice { name: name.clone() });
        }
    }
    let mut values = IndexMap::new();
    for (name, input) in &playbook.inputs {
        let value = match texts.get(name.as_str()) {
            Some(text) => input.kind.parse_cli(text).map_err(|reason| {
                let verb =
                    if reason.starts_with('`') || reason.starts_with("item ") { ": " } else { " " };
                // The text of a sensitive input must not reach a terminal or a log.
                let reason = if input.sensitive {
                    format!("must be of type `{}`", input.kind)
                } else {
                    reason
                };
                InputProblem::Bad { name: name.clone(), reason: format!("{verb}{reason}") }
            }),
            None => input.default.clone().ok_or_else(|| {
                let about = input.description.as_ref().map(|text| format!(" ({text})"));
                let (name, about) = (name.clone(), about.unwrap_or_default());
                match input.sensitive {
                    true => InputProblem::MissingSecret { name, about },
                    false => InputProblem::Missing { name, wanted: input.kind.to_string(), about },
                }
            }),
        };
        match value {
            Ok(value) if input.sensitive && is_short(&value) => {
                let reason = format!(
                    " has fewer than {LEAST} characters; so short a value is in too much else to be hidden"
                );
                problems.push(InputProblem::Bad { name: name.clone(), reason });
            }
            Ok(value) => {
                values.insert(name.clone(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// The fewest characters of a sensitive value.
pub(crate) const LEAST: usize = 8;

fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().count() < LEAST,
        Value::Array(items) => items.iter().any(is_short),
        Value::Number(number) => number.to_string().len() < LEAST,
        // `true` and `false` are everywhere.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::testing;

    fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_fill_and_all_problems_come_at_once() {
        let playbook = testing::playbook(
            "inputs:\n  target: {type: instance}\n  regions: {type: list of region, default: [eu-west-1]}\n  deep: {type: boolean, default: false}\n",
        );
        let values =
            resolve(&playbook, &given(&[("target", "i-0123456789abcdef0"), ("deep", "true")]))
                .expect("good");
        assert_eq!(values["regions"], serde_json::json!(["eu-west-1"]));
        assert_eq!(values["deep"], serde_json::json!(true));
        let problems =
            resolve(&playbook, &given(&[("targt", "x"), ("deep", "maybe")])).expect_err("bad");
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "the playbook has no input `targt`; did you mean `target`?",
                "input `target` is missing; give it with `-i target=<instance>`",
                "input `deep` must be `true` or `false`, and is `maybe`",
            ]
        );
    }

    /// One that is in too much else would hide everything, or nothing.
    #[test]
    fn a_short_sensitive_value_is_refused() {
        let playbook = testing::playbook("inputs:\n  token: {type: string, sensitive: true}\n");
        let said = |value: &str| match resolve(&playbook, &given(&[("token", value)])) {
            Ok(_) => String::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        };
        assert!(
            said("1234567").contains("`token` has fewer than 8 characters"),
            "{}",
            said("1234567")
        );
        assert!(!said("1234567").contains("1234567 "), "the value itself is not said");
        assert_eq!(said("12345678"), "");
    }

    #[test]
    fn a_missing_secret_is_asked_for_where_nobody_else_sees_it() {
        let playbook = testing::playbook("inputs:\n  token: {type: string, sensitive: true}\n");
        let said = resolve(&playbook, &[]).expect_err("missing")[0].to_string();
        assert_eq!(
            said,
            "sensitive input `token` is missing; give it with `-i token=@FILE`, `-i token=@-` (standard input), `-i token=env:VARIABLE`, `-i token=ssm:/PATH` or `-i token=secretsmanager:NAME`"
        );
    }
}
