//! Who did something, as far as AWS and this machine show it. A name that somebody typed is beside it, and proves
//! nothing. Owns the form on disk and in words; what is asked for it is `conduct`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A caller of AWS and a user of the system. Empty where neither is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Who {
    /// ARNs that `sts:GetCallerIdentity` gave for the credentials, and of the role that was assumed with them.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<String>,
    /// None where the system has no numbered users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemUser>,
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SystemUser {
    pub uid: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who logged in, which `su` and `sudo` do not change; none where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<u32>,
}

impl SystemUser {
    /// Whether both are one account of the machine, or belong to one login.
    pub fn is(&self, other: &Self) -> bool {
        self.uid == other.uid || (self.login.is_some() && self.login == other.login)
    }
}

impl Who {
    pub fn is_unknown(&self) -> bool {
        self.callers.is_empty() && self.system.is_none()
    }
}

impl fmt::Display for SystemUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "system user {name} ({})", self.uid)?,
            None => write!(f, "system user {}", self.uid)?,
        }
        match self.login {
            Some(login) if login != self.uid => write!(f, ", logged in as {login}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = self.system.as_ref().map(ToString::to_string);
        let all: Vec<_> = self.callers.iter().cloned().chain(system).collect();
        f.write_str(&all.join(", "))
    }
}
