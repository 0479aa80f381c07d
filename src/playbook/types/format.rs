//! One row a form: type name, pattern, example. Owns what counts as well-formed.

use std::net::IpAddr;
use std::sync::OnceLock;

use regex_lite::Regex;

use super::{FormError, is_placeholder};

macro_rules! formats {
    ($($variant:ident $name:literal $pattern:literal $example:literal),+ $(,)?) => {
        /// The checked form of a text; its name is the input type of playbooks and the `format` in JSON Schemas.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Format { $($variant),+ }

        impl Format {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Regular expression, anchored, in the dialect that JSON Schema and Rust share.
            pub fn pattern(self) -> &'static str {
                match self { $(Self::$variant => $pattern),+ }
            }

            pub fn example(self) -> &'static str {
                match self { $(Self::$variant => $example),+ }
            }
        }
    };
}

formats! {
    Instance "instance" "^i-([0-9a-f]{8}|[0-9a-f]{17})$" "i-0123456789abcdef0",
    Volume "volume" "^vol-([0-9a-f]{8}|[0-9a-f]{17})$" "vol-0123456789abcdef0",
    Snapshot "snapshot" "^snap-([0-9a-f]{8}|[0-9a-f]{17})$" "snap-0123456789abcdef0",
    SecurityGroup "security-group" "^sg-([0-9a-f]{8}|[0-9a-f]{17})$" "sg-0123456789abcdef0",
    NetworkInterface "network-interface" "^eni-([0-9a-f]{8}|[0-9a-f]{17})$" "eni-0123456789abcdef0",
    Image "image" "^ami-([0-9a-f]{8}|[0-9a-f]{17})$" "ami-0123456789abcdef0",
    Allocation "allocation" "^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$" "eipalloc-0123456789abcdef0",
    Role "role" "^[A-Za-z0-9_+=,.@-]{1,64}$" "web-server",
    User "user" "^[A-Za-z0-9_+=,.@-]{1,64}$" "deploy-bot",
    AccessKey "access-key" "^(AKIA|ASIA)[A-Z0-9]{12,124}$" "AKIAIOSFODNN7EXAMPLE",
    Arn "arn" "^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:[^ ]+$" "arn:aws:iam::111122223333:role/web",
    Account "account" "^[0-9]{12}$" "111122223333",
    Region "region" "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$" "eu-central-1",
    Cidr "cidr" "^[0-9A-Fa-f:.]+/[0-9]{1,3}$" "10.0.0.0/16",
    Bucket "bucket" "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$" "evidence-111122223333",
    Function "function" "^[A-Za-z0-9_-]{1,64}$" "resize-images",
    Duration "duration" "^([0-9]+(ms|s|m|h|d))+$" "1h30m",
}

impl Format {
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }

    /// Whether `text` has this form, or is a placeholder.
    pub fn check(self, text: &str) -> Result<(), FormError> {
        let good = is_placeholder(text)
            || match self {
                Self::Cidr => is_cidr(text),
                Self::Bucket => {
                    self.matches(text) && !text.contains("..") && text.parse::<IpAddr>().is_err()
                }
                Self::Duration => super::duration::value_of(text).is_some(),
                _ => self.matches(text),
            };
        if good { Ok(()) } else { Err(self.refuse(text)) }
    }

    pub(super) fn refuse(self, text: &str) -> FormError {
        let shown = text.chars().take(80).collect();
        FormError { text: shown, name: self.name(), example: self.example() }
    }

    fn matches(self, text: &str) -> bool {
        match self.prefix() {
            Some(prefix) => is_id(text, prefix),
            None => self.regex().is_match(text),
        }
    }

    /// What stands before the digits of an id that AWS assigns. Most values of a playbook are such ids, and for them
    /// the regular expression would be half of compiling it.
    fn prefix(self) -> Option<&'static str> {
        self.pattern().strip_prefix('^')?.strip_suffix("([0-9a-f]{8}|[0-9a-f]{17})$")
    }

    fn regex(self) -> &'static Regex {
        static COMPILED: [OnceLock<Regex>; Format::ALL.len()] =
            [const { OnceLock::new() }; Format::ALL.len()];
        COMPILED[self as usize].get_or_init(|| {
            Regex::new(self.pattern()).expect("a constant pattern; tests compile all")
        })
    }
}

fn is_id(text: &str, prefix: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    text.strip_prefix(prefix)
        .is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(is_digit))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    match (address.parse::<IpAddr>(), length.parse::<u8>()) {
        (Ok(IpAddr::V4(_)), Ok(length)) => digits && length <= 32,
        (Ok(IpAddr::V6(_)), Ok(length)) => digits && length <= 128,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_told_as_their_pattern_tells_them(
            at in 0..Format::ALL.len(),
            rest in "[0-9a-g]{7,9}|[0-9a-g]{16,18}|[0-9a-f]{8}\\n?|[0-9a-f]{17}.?",
            dash in "-{0,2}",
        ) {
            let format = Format::ALL[at];
            let name = format.example().split('-').next().unwrap_or_default();
            let text = format!("{name}{dash}{rest}");
            prop_assert_eq!(format.matches(&text), format.regex().is_match(&text), "{}", text);
        }
    }

    #[test]
    fn only_ids_have_a_prefix_and_every_pattern_compiles() {
        let prefixes: Vec<_> = Format::ALL.iter().filter_map(|format| format.prefix()).collect();
        assert_eq!(prefixes, ["i-", "vol-", "snap-", "sg-", "eni-", "ami-", "eipalloc-"]);
        for format in Format::ALL {
            format.regex();
        }
    }
}
