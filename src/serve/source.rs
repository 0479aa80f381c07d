//! What the page is made of, and who takes its answers. Owns the questions between the server and the
//! run: the server knows no journal and no terminal.

use crate::report::model::Report;

/// Where the page comes from. Its functions may block; the server calls them where that hurts nobody.
pub(crate) trait Source: Send + Sync + 'static {
    /// Differs whenever the page would.
    fn stamp(&self) -> Stamp;

    /// # Errors
    /// Why nothing can be shown, for people.
    fn shown(&self, over: bool) -> Result<Shown, String>;

    /// Hands in an answer; returns what became of it.
    ///
    /// # Errors
    /// Why it does not count, for people.
    fn answer(&self, given: Given) -> Result<String, String>;
}

/// Length of the journal, and a hash of what else is shown.
pub(crate) type Stamp = (u64, u64);

/// The run as it is now.
pub(crate) struct Shown {
    pub report: Report,
    pub asked: Vec<Ask>,
    /// Whether somebody works on the run.
    pub live: bool,
}

/// A question that waits for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub step: String,
    pub text: String,
    /// Its SHA-256, and that of the plan: what an answer is bound to.
    pub question: String,
    pub plan: String,
    pub since: jiff::Timestamp,
    /// Roles that may answer; empty where the playbook has none.
    pub roles: Vec<String>,
    /// The same in a terminal.
    pub command: String,
    /// Whether the page takes the answer.
    pub open: bool,
}

/// An answer, as it was typed on the page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    pub step: String,
    pub question: String,
    pub plan: String,
    pub by: String,
    pub role: String,
    pub reason: String,
    pub yes: bool,
}

impl Given {
    /// Trims what was typed.
    ///
    /// # Errors
    /// What is missing or too long.
    pub(crate) fn checked(mut self) -> Result<Self, String> {
        for (what, value, most) in [
            ("name", &mut self.by, 100),
            ("role", &mut self.role, 100),
            ("reason", &mut self.reason, 2000),
        ] {
            *value = value.trim().to_owned();
            if value.is_empty() {
                return Err(format!("a {what} is wanted"));
            }
            if value.chars().count() > most {
                return Err(format!("the {what} has more than {most} characters"));
            }
            if value.chars().any(|c| c.is_control() && c != '\n') {
                return Err(format!("the {what} has control characters"));
            }
        }
        Ok(self)
    }
}
