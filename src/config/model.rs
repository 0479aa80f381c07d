//! The keys of `backburn.toml`. Owns their types and what they mean for an account and a run; the
//! mistakes are found in `read` and `meaning`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::Source;

/// Configuration of backburn: what applies to all runs of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// How to reach a role: a pager, a channel, a mailbox. Takes precedence over a playbook.
    pub contacts: BTreeMap<String, String>,
    /// Bucket for evidence, outside the accounts that are contained. Fills the input
    /// `evidence-bucket` of playbooks that have one.
    pub evidence_bucket: Option<String>,
    /// Regulatory clocks that reports show.
    pub clocks: Vec<Regulation>,
    /// Refuse runs in accounts and Regions that are not listed, instead of warning.
    pub only_listed: bool,
    /// Accounts by name, for `--account NAME`.
    pub accounts: BTreeMap<String, Account>,
    /// Who is notified of what.
    pub notifications: Notifications,
}

/// An account, and how to come into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// Twelve digits.
    #[schemars(regex(pattern = r"^\d{12}$"))]
    pub id: String,
    /// ARN of the role that `--account NAME` assumes. Without one, the credentials must be the
    /// account's own.
    #[serde(default)]
    pub role: Option<String>,
    /// External id that the role's trust policy asks for.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Regions in which runs work; the first one counts where none is given otherwise.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Drills may run in this account.
    #[serde(default)]
    pub drill: bool,
}

/// A law with deadlines for notifying authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Regulation {
    Gdpr,
    Nis2,
    Dora,
    Sec,
}

impl Regulation {
    /// The name that `--clocks` knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gdpr => "gdpr",
            Self::Nis2 => "nis2",
            Self::Dora => "dora",
            Self::Sec => "sec",
        }
    }
}

/// Who is notified of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Notifications {
    /// Runs in the lab notify targets on other machines too.
    pub from_lab: bool,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
}

/// Where notifications go: exactly one of `slack`, `webhook` and `sns`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Target {
    /// A Slack-compatible incoming webhook. Its URL is a secret: `{ env = ".." }` or `{ file = ".." }`.
    pub slack: Option<Source>,
    /// A URL that takes JSON by POST.
    pub webhook: Option<Source>,
    /// Key that signs what goes to `webhook`: `{ env = ".." }` or `{ file = ".." }`.
    pub key: Option<Source>,
    /// ARN of an SNS topic.
    pub sns: Option<String>,
    /// Which events are sent; all of them if left out.
    pub on: Option<Vec<Kind>>,
    /// Only of these playbooks and simulations, by id; of all when left out.
    pub playbooks: Option<Vec<String>>,
    /// Only of runs in these accounts, by name or id; in all when left out.
    pub accounts: Option<Vec<String>>,
}

/// How a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    Slack(&'a Source),
    Webhook(&'a Source, Option<&'a Source>),
    Sns(&'a str),
}

impl Target {
    /// None where the target names no way; a checked one names exactly one.
    pub fn way(&self) -> Option<Way<'_>> {
        if let Some(url) = &self.slack {
            return Some(Way::Slack(url));
        }
        if let Some(url) = &self.webhook {
            return Some(Way::Webhook(url, self.key.as_ref()));
        }
        self.sns.as_deref().map(Way::Sns)
    }
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    RunStart,
    ApprovalWanted,
    NotProven,
    RunEnd,
    DrillScore,
}

/// Every kind, in the order in which a run comes to them.
pub(crate) const EVERY_KIND: [Kind; 5] =
    [Kind::RunStart, Kind::ApprovalWanted, Kind::NotProven, Kind::RunEnd, Kind::DrillScore];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::RunStart => "run-start",
            Self::ApprovalWanted => "approval-wanted",
            Self::NotProven => "not-proven",
            Self::RunEnd => "run-end",
            Self::DrillScore => "drill-score",
        }
    }
}

/// What the configuration specifies for an account and Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stance {
    Listed,
    /// The configuration does not mention it.
    Silent,
    /// It is not listed, and that is worth a line.
    Unlisted(String),
    /// It is not listed, and nothing else is allowed.
    Refused(String),
}

impl Config {
    /// The account of that name or id.
    pub fn account(&self, name: &str) -> Option<(&str, &Account)> {
        let by_id = || self.accounts.iter().find(|(_, account)| account.id == name);
        let found = self.accounts.get_key_value(name).or_else(by_id);
        found.map(|(name, account)| (name.as_str(), account))
    }

    /// Whether a run may work there. A lab is no account of the organisation: `local` is not asked
    /// about.
    pub fn stance(&self, account: &str, region: &str, local: bool) -> Stance {
        if local || (self.accounts.is_empty() && !self.only_listed) {
            return Stance::Silent;
        }
        let said = match self.account(account) {
            None => format!("account {account} is not listed in the configuration"),
            Some((name, listed))
                if !listed.regions.is_empty() && !listed.regions.iter().any(|r| r == region) =>
            {
                format!(
                    "{region} is not among the Regions of account `{name}` in the configuration"
                )
            }
            Some(_) => return Stance::Listed,
        };
        if self.only_listed { Stance::Refused(said) } else { Stance::Unlisted(said) }
    }

    /// Whether the configuration lets a drill run in that account; the simulation decides separately.
    ///
    /// # Errors
    /// It may not; the text is the reason.
    pub fn allows_drill(&self, account: &str, local: bool) -> Result<(), String> {
        match self.account(account) {
            _ if local => Ok(()),
            Some((_, listed)) if listed.drill => Ok(()),
            Some((name, _)) => Err(format!(
                "account `{name}` ({account}) is not one for drills: it has no `drill = true`"
            )),
            None => Err(format!("account {account} is not listed as one for drills")),
        }
    }
}

/// Twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
