//! From the targets of a configuration to addresses with their secrets. Owns which targets a run may
//! notify at all: a run in the lab notifies nobody outside this machine.

use std::path::Path;

use crate::config::{Config, Kind, Secret, Target, Way, is_loopback, topic_region, web_url};

/// The address of one target, with its credentials.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Slack(Secret),
    Webhook(Secret, Option<Secret>),
    Topic { arn: String, region: String },
}

/// A target to notify.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub name: String,
    /// Or why nothing can be sent there.
    pub address: Result<Address, String>,
    on: Option<Vec<Kind>>,
    playbooks: Option<Vec<String>>,
    /// Ids.
    accounts: Option<Vec<String>>,
}

impl Resolved {
    /// Whether the target wants it.
    pub(crate) fn wants(&self, kind: Option<Kind>, playbook: &str, account: &str) -> bool {
        // A test is asked for by name of nothing, and goes to all.
        let Some(kind) = kind else { return true };
        let among = |list: &Option<Vec<String>>, one: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|listed| listed == one))
        };
        self.on.as_ref().is_none_or(|on| on.contains(&kind))
            && among(&self.playbooks, playbook)
            && among(&self.accounts, account)
    }

    /// Every secret of it, to be hidden from all output.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let all = match &self.address {
            Ok(Address::Slack(url)) => vec![url],
            Ok(Address::Webhook(url, key)) => key.iter().chain([url]).collect(),
            _ => Vec::new(),
        };
        all.into_iter().map(|secret| secret.reveal().to_owned()).collect()
    }

    /// Whether messages stay on this machine; a topic of the lab does.
    fn stays(&self) -> bool {
        match &self.address {
            Ok(Address::Slack(url) | Address::Webhook(url, _)) => {
                web_url(url.reveal()).is_ok_and(|url| is_loopback(&url))
            }
            Ok(Address::Topic { .. }) | Err(_) => true,
        }
    }
}

/// The targets to notify, and the names of those that a run in the lab skips. `folder` is the
/// configuration's.
pub(crate) fn resolve(config: &Config, folder: &Path, lab: bool) -> (Vec<Resolved>, Vec<String>) {
    let all = config.notifications.targets.iter();
    let all = all.filter_map(|(name, target)| one(config, name, target, folder));
    let (told, left): (Vec<_>, Vec<_>) =
        all.partition(|target| !lab || config.notifications.from_lab || target.stays());
    (told, left.into_iter().map(|target| target.name).collect())
}

fn one(config: &Config, name: &str, target: &Target, folder: &Path) -> Option<Resolved> {
    let url = |source: &crate::config::Source| {
        let secret = source.resolve(folder)?;
        match web_url(secret.reveal()) {
            Ok(_) => Ok(secret),
            Err(why) => Err(format!("the URL {why}")),
        }
    };
    let address = match target.way()? {
        Way::Slack(source) => url(source).map(Address::Slack),
        Way::Webhook(source, key) => url(source).and_then(|url| {
            let key = key.map(|key| key.resolve(folder)).transpose()?;
            Ok(Address::Webhook(url, key))
        }),
        Way::Sns(arn) => match topic_region(arn) {
            Some(region) => Ok(Address::Topic { arn: arn.into(), region: region.into() }),
            None => Err("it is no ARN of a topic".into()),
        },
    };
    let id = |name: &String| {
        config.account(name).map_or_else(|| name.clone(), |(_, account)| account.id.clone())
    };
    Some(Resolved {
        name: name.into(),
        address,
        on: target.on.clone(),
        playbooks: target.playbooks.clone(),
        accounts: target.accounts.as_ref().map(|names| names.iter().map(id).collect()),
    })
}
