//! AWS's Service Authorization Reference as far as the lab needs it: which actions a service has, on which types of
//! resources, and how the ARN of a type is made from a call's parameters. Owns the reading of the two tables.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use std::collections::HashMap;
use std::sync::LazyLock;

/// `SERVICE ACTION TYPES`, a line each; `tests/authorization.py` prints it.
const ACTIONS: &str = include_str!("actions.txt");
/// `SERVICE TYPE ARN PARAMETERS`, a line each, from the pages of the services in the reference. In an ARN `P`, `R` and
/// `A` are partition, Region and account, `{}` is the parameter's value and `{name}` that of another.
const TYPES: &str = include_str!("types.txt");

/// A type of resource, as an action has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Of {
    pub name: &'static str,
    pub is_required: bool,
}

/// How the ARN of a type is made.
#[derive(Debug)]
pub(super) struct Form {
    pub arn: &'static str,
    pub parameters: Vec<&'static str>,
}

/// On what an action acts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum On {
    /// On no resource: `*`.
    Nothing,
    These(Vec<Of>),
    /// On one of very many types.
    Any,
}

/// By action, in lower case.
type Actions = HashMap<String, (&'static str, On)>;

pub(super) fn has(service: &str) -> bool {
    actions().contains_key(service)
}

/// An action as the reference writes it, and on what it acts. Names of actions do not depend on case.
pub(super) fn action(service: &str, action: &str) -> Option<(&'static str, &'static On)> {
    let (name, on) = actions().get(service)?.get(&action.to_ascii_lowercase())?;
    Some((name, on))
}

pub(super) fn form(service: &str, kind: &str) -> Option<&'static Form> {
    static FORMS: LazyLock<HashMap<&str, HashMap<&str, Form>>> = LazyLock::new(|| {
        let mut forms: HashMap<&str, HashMap<&str, Form>> = HashMap::new();
        for line in TYPES.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            if let [service, kind, arn, parameters] = words.as_slice() {
                let form = Form { arn, parameters: parameters.split(',').collect() };
                forms.entry(service).or_default().insert(kind, form);
            }
        }
        forms
    });
    FORMS.get(service)?.get(kind)
}

fn actions() -> &'static HashMap<&'static str, Actions> {
    static TABLE: LazyLock<HashMap<&str, Actions>> = LazyLock::new(|| {
        let mut table: HashMap<&str, Actions> = HashMap::new();
        for line in ACTIONS.lines() {
            let mut words = line.split(' ');
            let (Some(service), Some(action)) = (words.next(), words.next()) else { continue };
            let types: Vec<&str> = words.collect();
            let on = match types.as_slice() {
                ["-"] => On::Nothing,
                ["any"] => On::Any,
                each => On::These(
                    each.iter()
                        .map(|name| Of {
                            name: name.trim_end_matches('*'),
                            is_required: name.ends_with('*'),
                        })
                        .collect(),
                ),
            };
            table.entry(service).or_default().insert(action.to_ascii_lowercase(), (action, on));
        }
        table
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines: Vec<_> = ACTIONS.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 3_000);
        assert_eq!(actions().values().map(HashMap::len).sum::<usize>(), lines.len());
        for line in TYPES.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.len(), 4, "{line}");
            assert!(form(words[0], words[1]).is_some(), "{line}");
            assert_eq!(words[2].split(':').next(), Some("arn"), "{line}");
            let named = |on: &On| match on {
                On::These(types) => types.iter().any(|of| of.name == words[1]),
                On::Nothing | On::Any => false,
            };
            let used = actions()[words[0]].values().any(|(_, on)| named(on));
            assert!(used, "no action acts on it: {line}");
        }
    }

    #[test]
    fn actions_are_found_whatever_their_case() {
        let instance = Of { name: "instance", is_required: true };
        assert_eq!(
            action("ec2", "stopinstances"),
            Some(("StopInstances", &On::These(vec![instance])))
        );
        assert_eq!(action("ec2", "DescribeInstances"), Some(("DescribeInstances", &On::Nothing)));
        assert_eq!(action("ec2", "CreateTags"), Some(("CreateTags", &On::Any)));
        assert_eq!(action("ec2", "Nothing"), None);
        assert!(has("s3") && !has("shield"));
    }
}
