//! The safety belts that a plan was checked against, as data at its end: limits with their counts,
//! protection, permissions, lock-out, experiments. Owns the shape; who checks is `prepare`, and what is
//! refused stands in the plan's refusals.

use serde::{Deserialize, Serialize};

/// Not part of a plan's hash: it describes how the plan was checked, not what it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Belts {
    pub limits: Vec<Limit>,
    pub protected: Protected,
    /// Planned steps that checked that they do not take access from the runner itself.
    pub lockout: Vec<String>,
    pub experiments: Experiments,
    /// `None` when nobody was asked.
    pub permissions: Option<Vec<PermissionCheck>>,
}

/// How many distinct things would be touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limit {
    /// `instances`, `principals`, `volumes`, `resources` or `accounts`.
    pub what: String,
    pub limit: u64,
    pub touched: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Protected {
    /// The tag that keeps runs off a resource.
    pub tag: String,
    /// How many resources were looked at for it.
    pub looked_at: usize,
    /// What would be touched and no tag can protect, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unprotectable: Vec<String>,
}

/// FIS experiments of the account: the incident may be a drill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Experiments {
    /// Whether FIS answered.
    pub known: bool,
    pub running: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Denied,
    /// Undecided: not to be taken for allowed.
    Unknown,
    Allowed,
}

impl Answer {
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::Allowed => "allowed",
        }
    }
}

/// The known state of one permission of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PermissionCheck {
    /// `service:Action`
    pub action: String,
    pub answer: Answer,
    /// The source of the answer, or why there is none.
    pub why: String,
}

impl Belts {
    pub fn denied(&self) -> impl Iterator<Item = &PermissionCheck> {
        let all = self.permissions.iter().flatten();
        all.filter(|permission| permission.answer == Answer::Denied)
    }

    /// By answer and reason, the worst first.
    pub fn by_answer(&self) -> Vec<(Answer, &str, Vec<&str>)> {
        let mut rows: Vec<(Answer, &str, Vec<&str>)> = Vec::new();
        for one in self.permissions.iter().flatten() {
            match rows.iter_mut().find(|(answer, why, _)| (*answer, *why) == (one.answer, &one.why))
            {
                Some((_, _, actions)) => actions.push(&one.action),
                None => rows.push((one.answer, &one.why, vec![&one.action])),
            }
        }
        rows.sort_by_key(|(answer, _, _)| *answer);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_comes_first_and_reasons_are_said_once() {
        let one = |action: &str, answer, why: &str| PermissionCheck {
            action: action.into(),
            answer,
            why: why.into(),
        };
        let permissions = vec![
            one("a:A", Answer::Allowed, "yes"),
            one("a:B", Answer::Unknown, "no simulator"),
            one("a:C", Answer::Denied, "no"),
            one("a:D", Answer::Unknown, "no simulator"),
        ];
        let belts = Belts { permissions: Some(permissions), ..Belts::default() };
        let rows = belts.by_answer();
        assert_eq!(rows[0], (Answer::Denied, "no", vec!["a:C"]));
        assert_eq!(rows[1], (Answer::Unknown, "no simulator", vec!["a:B", "a:D"]));
        assert_eq!(belts.denied().count(), 1);
    }
}
