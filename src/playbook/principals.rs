//! Which callers of AWS may answer: the entries of an approval's `one-of`. Owns their form and what each fits; who
//! calls is asked elsewhere.
//!
//! The ARN of a session has the role's name without its path:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>. Names of roles are unique in an account:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use std::{fmt, str::FromStr};

/// One entry, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    text: String,
    /// Partition and account; none is the run's own account.
    at: Option<(String, String)>,
    kind: Kind,
    /// The name, with `*` for any text.
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    User,
    /// Any session of it.
    Role,
    /// Sessions of that name.
    Session(String),
    Root,
}

impl Principals {
    /// Whether it names the caller with this ARN; `account` is the run's.
    pub fn fit(&self, caller: &str, account: &str) -> bool {
        let mut parts = caller.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (arn, partition, service, _, of, resource) =
            (next(), next(), next(), next(), next(), next());
        let is_there = match &self.at {
            Some((wanted, account)) => wanted == partition && account == of,
            None => account == of,
        };
        if arn != "arn" || !is_there {
            return false;
        }
        let (word, rest) = resource.split_once('/').unwrap_or((resource, ""));
        match (&self.kind, service, word) {
            (Kind::User, "iam", "user") => matches(&self.name, rest),
            (Kind::Root, "iam", "root") => rest.is_empty(),
            (Kind::Role, "sts", "assumed-role") => {
                rest.split_once('/').is_some_and(|(role, _)| matches(&self.name, role))
            }
            (Kind::Session(session), "sts", "assumed-role") => rest
                .split_once('/')
                .is_some_and(|(role, of)| matches(&self.name, role) && matches(session, of)),
            _ => false,
        }
    }
}

impl FromStr for Principals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (at, resource) = match text.starts_with("arn:") {
            false => (None, text),
            true => {
                let parts: Vec<_> = text.splitn(6, ':').collect();
                let [_, partition, "iam" | "sts", "", account, resource] = parts[..] else {
                    return Err("the ARN is not one of IAM or STS".into());
                };
                if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
                    return Err("its account is not twelve digits, and anybody can make a principal of any name in an account of their own".into());
                }
                if !partition.starts_with("aws") || partition.contains('*') {
                    return Err(format!("there is no partition `{partition}`"));
                }
                (Some((partition.to_owned(), account.to_owned())), resource)
            }
        };
        let (word, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let (kind, name) = match (word, rest) {
            ("root", "") => (Kind::Root, ""),
            ("user", name) => (Kind::User, name),
            // A session's ARN has no path of its role.
            ("role", path) => (Kind::Role, path.rsplit('/').next().unwrap_or(path)),
            ("assumed-role", rest) => match rest.split_once('/') {
                Some((role, session)) if !session.is_empty() => {
                    (Kind::Session(session.to_owned()), role)
                }
                _ => return Err("`assumed-role/` is followed by the role and the session".into()),
            },
            _ => return Err("it is no user, role or session of a role".into()),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/*".contains(c);
        let session = if let Kind::Session(session) = &kind { session } else { "" };
        if kind != Kind::Root && (name.is_empty() || !rest.chars().all(plain)) {
            return Err("the name is empty, or has characters that AWS does not allow".into());
        }
        if session.contains('/') {
            return Err("the name of a session has no `/`".into());
        }
        Ok(Self { text: text.to_owned(), at, name: name.to_owned(), kind })
    }
}

impl fmt::Display for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `text` is the pattern, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: &str = "111122223333";
    const LEAD: &str = "arn:aws:sts::111122223333:assumed-role/Lead/ben@example.com";

    fn fits(entry: &str, caller: &str) -> bool {
        entry.parse::<Principals>().expect(entry).fit(caller, HERE)
    }

    #[test]
    fn an_entry_fits_its_principals_and_no_others() {
        for entry in [
            "role/Lead",
            "role/some/path/Lead",
            "role/L*",
            "assumed-role/Lead/ben@example.com",
            "assumed-role/*/ben@*",
            "arn:aws:iam::111122223333:role/Lead",
            "arn:aws:sts::111122223333:assumed-role/Lead/*",
        ] {
            assert!(fits(entry, LEAD), "{entry}");
        }
        for entry in [
            "role/Leader",
            "role/Lea",
            "user/Lead",
            "assumed-role/Lead/anna@example.com",
            "assumed-role/Lead/ben",
            "arn:aws:iam::999988887777:role/Lead",
            "arn:aws-cn:iam::111122223333:role/Lead",
            "root",
        ] {
            assert!(!fits(entry, LEAD), "{entry}");
        }
        assert!(fits("user/team/ben", "arn:aws:iam::111122223333:user/team/ben"));
        assert!(!fits("user/ben", "arn:aws:iam::111122223333:user/team/ben"));
        assert!(fits("root", "arn:aws:iam::111122223333:root"));
    }

    /// Anybody can make a role of any name in an account of their own.
    #[test]
    fn a_name_in_another_account_does_not_fit() {
        let theirs = "arn:aws:sts::999988887777:assumed-role/Lead/ben@example.com";
        assert!(!fits("role/Lead", theirs) && !fits("role/*", theirs));
        for open in
            ["arn:aws:iam::*:role/Lead", "arn:aws:iam:::role/Lead", "arn:aws:iam::1*:role/x"]
        {
            let refused = open.parse::<Principals>().expect_err(open);
            assert!(refused.contains("twelve digits"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for entry in [
            "",
            "*",
            "commander",
            "role/",
            "role/a b",
            "assumed-role/Lead",
            "assumed-role/Lead/",
            "group/leads",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::111122223333:group/leads",
        ] {
            assert!(entry.parse::<Principals>().is_err(), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn a_star_is_any_text(a in "[a-c]{0,4}", b in "[a-c]{0,4}", middle in "[a-c]{0,6}") {
            let (text, plain, star) =
                (format!("{a}{middle}{b}"), format!("{a}{b}"), format!("{a}*{b}"));
            prop_assert!(matches(&star, &text));
            prop_assert!(matches(&text, &text));
            prop_assert_eq!(matches(&plain, &text), plain == text);
        }
    }
}
