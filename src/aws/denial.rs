//! What AWS reports when it denies a call: who may not do what on which resource, and which policy is in
//! the way. Owns the reading of that text, and the words for what to add to which policy.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use std::sync::LazyLock;

use regex_lite::Regex;

static DENIED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:User: )?(arn:\S+) is not authorized to perform: ([a-zA-Z0-9-]+:[a-zA-Z0-9*]+)(?: on resource: "?([^\s"]+)"?)?(.*)"#,
    )
    .ok()
});

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denial<'a> {
    pub principal: &'a str,
    pub action: &'a str,
    /// Not all services name one.
    pub resource: Option<&'a str>,
    pub why: Why<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why<'a> {
    /// A policy of this sort denies it explicitly.
    Denies(&'a str),
    /// No policy of this sort allows it.
    Lacks(&'a str),
    Untold,
}

impl<'a> Denial<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let found = DENIED.as_ref()?.captures(text)?;
        let part = |at: usize| found.get(at).map(|part| part.as_str());
        let bare = |text: &'a str| text.trim_end_matches(['.', ',']);
        let why = part(4).unwrap_or_default();
        let after = |mark: &str| Some(why.split_once(mark)?.1);
        let why = if let Some(sort) = after("explicit deny in a").or(after("explicit deny in the"))
        {
            let sort = sort.strip_prefix('n').unwrap_or(sort).trim_start();
            Why::Denies(until(sort, &[":", ".", ";"]))
        } else if let Some(sort) = after("because no ") {
            Why::Lacks(until(sort, &[" allows"]))
        } else {
            Why::Untold
        };
        Some(Self { principal: part(1)?, action: part(2)?, resource: part(3).map(bare), why })
    }

    /// What to do about it.
    pub(super) fn advice(&self) -> String {
        let resource = self.resource.unwrap_or("*");
        let Self { principal, action, .. } = self;
        let place = match self.why {
            // AWS says the same where such a policy only does not allow:
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
            Why::Denies(sort) if sort.starts_with("service control policy") => {
                return format!(
                    "a {sort} forbids `{action}` on `{resource}` to `{principal}`, by a deny or because none of them allows it: whoever administers the organization must change that"
                );
            }
            Why::Denies(sort) => {
                return format!(
                    "an explicit deny ({sort}) forbids `{action}` on `{resource}` to `{principal}`, so no permission that is added helps: that deny must except it"
                );
            }
            Why::Lacks("identity-based policy") | Why::Untold => {
                format!("the policy of `{principal}`")
            }
            Why::Lacks(sort) => format!("the {sort} for `{principal}`"),
        };
        format!(
            r#"to allow it, add to {place}: {{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#
        )
    }
}

fn until<'a>(text: &'a str, ends: &[&str]) -> &'a str {
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    text[..end.unwrap_or(text.len())].trim()
}

/// For a message that names nothing: the call is all that is known.
pub(super) fn advice(call: &str, text: &str) -> String {
    match Denial::read(text) {
        Some(denial) => denial.advice(),
        None => format!(
            "AWS does not report on which resource; the caller needs `{call}` (`backburn policy FILE` prints all that a playbook needs)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: &str = "arn:aws:iam::123456789012:user/bob";

    fn read(rest: &str) -> (String, Option<String>) {
        let text = format!("User: {BOB} is not authorized to perform: ec2:StopInstances{rest}");
        let denial = Denial::read(&text).expect("a denial");
        assert_eq!((denial.principal, denial.action), (BOB, "ec2:StopInstances"));
        (denial.advice(), denial.resource.map(str::to_owned))
    }

    #[test]
    fn it_says_what_to_add_to_which_policy() {
        const ARN: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
        let on = format!(" on resource: {ARN}");
        let (advice, resource) = read(&format!(
            "{on} because no identity-based policy allows the ec2:StopInstances action"
        ));
        assert_eq!(resource.as_deref(), Some(ARN));
        assert_eq!(
            advice,
            format!(
                r#"to allow it, add to the policy of `{BOB}`: {{"Effect":"Allow","Action":"ec2:StopInstances","Resource":"{ARN}"}}"#
            )
        );
        let (advice, _) = read(&format!(
            "{on} because no permissions boundary allows the ec2:StopInstances action"
        ));
        assert!(advice.contains("the permissions boundary for"), "{advice}");
        let (advice, _) = read(&format!("{on} with an explicit deny in a service control policy"));
        // It may as well be that none of them allows it.
        assert!(advice.contains("none of them allows it"), "{advice}");
        let (advice, _) = read(&format!("{on} with an explicit deny in an identity-based policy."));
        assert!(advice.contains("(identity-based policy) forbids"), "{advice}");
    }

    #[test]
    fn quotes_dots_and_a_missing_resource_are_read_too() {
        let (_, resource) = read(" on resource: \"arn:aws:s3:::bucket/key\" because no policy");
        assert_eq!(resource.as_deref(), Some("arn:aws:s3:::bucket/key"));
        let (advice, resource) = read(".");
        assert_eq!(resource, None);
        assert!(advice.ends_with(r#""Resource":"*"}"#), "{advice}");
        assert!(Denial::read("You are not authorized to perform this operation.").is_none());
        assert!(advice_of_none().contains("needs `ec2:StopInstances`"));
    }

    fn advice_of_none() -> String {
        super::advice("ec2:StopInstances", "Access Denied")
    }
}
