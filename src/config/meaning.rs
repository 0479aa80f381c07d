//! What the types of a configuration cannot express: secrets in the file, roles of other accounts,
//! targets without a way, names that nothing has. Owns these mistakes.

use std::{collections::HashMap, ops::Range};

use reqwest::Url;
use toml::de::{DeTable, DeValue};

use super::{
    model::{Account, Config, Target, is_account_id},
    source::{Source, is_loopback},
};
use crate::playbook::{Diagnostic, did_you_mean, listed};

struct Check<'a> {
    root: &'a DeTable<'a>,
    found: &'a mut Vec<Diagnostic>,
}

pub(super) fn check(config: &Config, root: &DeTable<'_>, found: &mut Vec<Diagnostic>) {
    let mut check = Check { root, found };
    if let Some(bucket) = &config.evidence_bucket
        && !is_bucket(bucket)
    {
        check.bad(
            &["evidence-bucket"],
            format!("`{bucket}` is no name of a bucket"),
            "a bucket's name is 3 to 63 lower-case letters, digits, dots and dashes",
        );
    }
    check.accounts(config);
    for (name, target) in &config.notifications.targets {
        check.target(config, name, target);
    }
}

impl Check<'_> {
    /// Position of a value; if there is none, that of the key or the nearest table around it.
    fn place(&self, path: &[&str]) -> Range<usize> {
        let (mut table, mut span) = (self.root, 0..0);
        for key in path {
            let Some((at, value)) = table.get_key_value(*key) else { break };
            span = value.span();
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
            // A table that was never written by itself has its key's place at most.
            if span.is_empty() {
                span = at.span();
            }
        }
        span
    }

    fn key(&self, path: &[&str]) -> Range<usize> {
        let mut table = self.root;
        let mut span = 0..0;
        for key in path {
            let Some((at, value)) = table.get_key_value(*key) else { break };
            span = at.span();
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        span
    }

    fn push(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    fn bad(&mut self, path: &[&str], message: String, help: &str) {
        let span = self.place(path);
        self.push(
            Diagnostic::error("config::bad-value", message).label(span, "this value").help(help),
        );
    }

    fn accounts(&mut self, config: &Config) {
        let mut ids: HashMap<&str, &str> = HashMap::new();
        for (name, account) in &config.accounts {
            let Account { id, role, external_id, regions, .. } = account;
            let at = |key| ["accounts", name.as_str(), key];
            if !is_account_id(id) {
                let help = "an account's id is twelve digits, in quotes";
                self.bad(&at("id"), format!("`{id}` is no account id"), help);
                continue;
            }
            if let Some(first) = ids.insert(id, name) {
                let span = self.place(&at("id"));
                let first_at = self.place(&["accounts", first, "id"]);
                let message = format!("accounts `{first}` and `{name}` have the same id");
                self.push(
                    Diagnostic::error("config::duplicate-account", message)
                        .label(span, "again")
                        .label(first_at, "first")
                        .help("give an account one name; with two, which role is meant is unclear"),
                );
            }
            match role.as_deref().map(|role| (role, role_account(role))) {
                Some((role, None)) => {
                    let help = "write it as `arn:aws:iam::111122223333:role/NAME`";
                    self.bad(&at("role"), format!("`{role}` is no ARN of a role"), help);
                }
                Some((_, Some(other))) if other != id => {
                    let span = self.place(&at("role"));
                    let message = format!("the role of account `{name}` is in account {other}");
                    self.push(
                        Diagnostic::error("config::role-elsewhere", message)
                            .label(span, format!("not in {id}"))
                            .help("name a role of the account itself"),
                    );
                }
                None if external_id.is_some() => {
                    let span = self.key(&at("external-id"));
                    let message = format!("account `{name}` has an `external-id` and no `role`");
                    self.push(
                        Diagnostic::error("config::misplaced-key", message)
                            .label(span, "goes with a role")
                            .help("add `role`, or take `external-id` out"),
                    );
                }
                _ => {}
            }
            for region in regions.iter().filter(|region| !is_region(region)) {
                let help = "write Regions as `eu-central-1`";
                self.bad(&at("regions"), format!("`{region}` is no Region"), help);
            }
        }
    }

    fn target(&mut self, config: &Config, name: &str, target: &Target) {
        let root = ["notifications", "targets", name];
        let at = |key| [root[0], root[1], root[2], key];
        let ways = [
            ("slack", target.slack.is_some()),
            ("webhook", target.webhook.is_some()),
            ("sns", target.sns.is_some()),
        ];
        let given: Vec<_> = ways.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if given.len() != 1 {
            let span = match given.last() {
                Some(last) => self.key(&at(last)),
                None => self.place(&root),
            };
            let message = match given.is_empty() {
                true => format!("target `{name}` has no destination"),
                false => format!("target `{name}` has {}", listed(given.iter().copied())),
            };
            self.push(
                Diagnostic::error("config::one-way", message)
                    .label(span, "this target")
                    .help("give exactly one of `slack`, `webhook` and `sns`"),
            );
        }
        for (key, source) in [("slack", &target.slack), ("key", &target.key)] {
            if let Some(source) = source
                && !source.is_elsewhere()
            {
                self.in_file(&at(key), key);
            }
        }
        if let Some(source) = &target.webhook {
            self.webhook(&at("webhook"), source);
        }
        if target.key.is_some() && target.webhook.is_none() {
            let span = self.key(&at("key"));
            let message = format!("target `{name}` has a `key` and no `webhook`");
            self.push(
                Diagnostic::error("config::misplaced-key", message)
                    .label(span, "signs only what goes to a webhook")
                    .help("Slack and SNS take no signature: take it out"),
            );
        }
        if let Some(topic) = &target.sns
            && topic_region(topic).is_none()
        {
            let help = "write it as `arn:aws:sns:eu-central-1:111122223333:NAME`";
            self.bad(&at("sns"), format!("`{topic}` is no ARN of a topic"), help);
        }
        for account in target.accounts.iter().flatten() {
            if config.account(account).is_none() && !is_account_id(account) {
                let span = self.place(&at("accounts"));
                let message = format!("target `{name}` names account `{account}`");
                let known = config.accounts.keys().map(String::as_str);
                self.push(
                    Diagnostic::error("config::unknown-account", message)
                        .label(span, "no such account")
                        .help(did_you_mean(account, known, "the accounts are")),
                );
            }
        }
    }

    fn in_file(&mut self, path: &[&str], key: &str) {
        let span = self.place(path);
        self.push(
            Diagnostic::error("config::secret-in-file", format!("`{key}` is a secret"))
                .label(span, "readable by whoever reads the file")
                .help(format!(
                    "write `{key} = {{ env = \"NAME\" }}` or `{key} = {{ file = \"PATH\" }}`"
                )),
        );
    }

    fn webhook(&mut self, path: &[&str], source: &Source) {
        let Source::Plain(text) = source else { return };
        match web_url(text) {
            Ok(url) if url.password().is_some() || url.query().is_some() => {
                self.in_file(path, "webhook");
            }
            Ok(_) => {}
            Err(why) => {
                let span = self.place(path);
                self.push(
                    Diagnostic::error("config::bad-url", format!("`webhook` {why}"))
                        .label(span, "this URL")
                        .help("write it as `https://HOST/PATH`; `http` is for this machine only"),
                );
            }
        }
    }
}

/// A URL that notifications may go to.
///
/// # Errors
/// It is not a URL, or messages could be read in transit.
pub(crate) fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL")?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("goes to another machine unencrypted"),
        _ => Err("is neither `https` nor `http`"),
    }
}

/// Account of a role's ARN.
fn role_account(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, name]
            if is_account_id(account) && name.len() > 5 && name.starts_with("role/") =>
        {
            Some(account)
        }
        _ => None,
    }
}

/// Region of a topic's ARN.
pub(crate) fn topic_region(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", _, "sns", region, account, name]
            if is_region(region) && is_account_id(account) && !name.is_empty() =>
        {
            Some(region)
        }
        _ => None,
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let words = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(words)
        && parts.last().is_some_and(|last| last.len() == 1 && last.as_bytes()[0].is_ascii_digit())
}

fn is_bucket(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (3..=63).contains(&text.len()) && text.bytes().all(plain)
}
