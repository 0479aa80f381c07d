//! A playbook as a typed document with spans. Owns the shape; `read` fills it, `program` checks what it refers to.

use std::sync::Arc;

use indexmap::IndexMap;
use semver::Version;
use serde_json::Value;

use super::choices::{OnFailure, Phase, Responsibility, Severity};
use super::expr::{Expr, Template};
use super::principals::Principals;
use super::span::{Span, Spanned};
use super::types::{Duration, InputType};

/// One playbook file.
#[derive(Clone, Debug)]
pub struct Playbook {
    /// The `playbook` key.
    pub id: Spanned<String>,
    pub title: String,
    pub version: Version,
    pub severity: Severity,
    pub summary: Option<String>,
    /// ATT&CK technique ids.
    pub attack: Vec<Spanned<String>>,
    pub roles: IndexMap<String, Role>,
    pub inputs: IndexMap<String, Input>,
    pub limits: Limits,
    /// Hazards that the author knows of and takes.
    pub accept: Vec<Accept>,
    /// In file order, by id.
    pub steps: IndexMap<String, Step>,
}

/// People who act or decide.
#[derive(Clone, Debug)]
pub struct Role {
    pub span: Span,
    pub duty: String,
    pub contact: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Input {
    /// The name, where it is declared.
    pub span: Span,
    pub kind: InputType,
    pub description: Option<String>,
    pub default: Option<Value>,
    /// Never printed and never journaled in clear.
    pub sensitive: bool,
}

/// A hazard of the linter that need not be reported.
#[derive(Clone, Debug)]
pub struct Accept {
    /// A code that starts with `hazard::`.
    pub hazard: Spanned<String>,
    /// Why it is right here.
    pub because: String,
}

/// How many distinct things a run may touch; 1 by default.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub instances: Option<u64>,
    pub principals: Option<u64>,
    pub volumes: Option<u64>,
    /// All that is none of the others.
    pub resources: Option<u64>,
    pub accounts: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub id: Spanned<String>,
    /// Name of an action.
    pub uses: Spanned<String>,
    /// Always a mapping.
    pub with: Arc<Template>,
    /// The action's own phase when `None`.
    pub phase: Option<Phase>,
    pub title: Option<String>,
    pub needs: Vec<Spanned<String>>,
    pub condition: Option<Expr>,
    pub for_each: Option<Expr>,
    pub retry: Retry,
    pub timeout: Option<Duration>,
    pub on_failure: OnFailure,
    pub approval: Option<Approval>,
    pub responsibility: Responsibility,
    /// One of the playbook's roles.
    pub owner: Option<String>,
    /// Another principal that it calls as; drills play attackers and responders that way.
    pub actor: Option<Actor>,
    /// Runs once what it needs has ended, however it ended: a drill's cleanup.
    pub always: bool,
    /// Of these needs it waits for the first that says so: a drill's response.
    pub first_of: Option<FirstOf>,
}

/// Steps of which one is enough: the first that ends with `true` in this output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstOf {
    /// Each of them is in `needs` too.
    pub steps: Vec<String>,
    pub output: &'static str,
}

/// Whom a step calls as, instead of whoever runs the program.
#[derive(Clone, Debug)]
pub struct Actor {
    pub kind: ActorKind,
    /// Id of the access key, or ARN of the role; of a session, `role` and `session`.
    pub which: Arc<Template>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    AccessKey,
    Role,
    /// One session of a role, taken once and kept, as stolen credentials are.
    Session,
}

/// How often a step is tried and how long it waits in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// At least one.
    pub attempts: u32,
    /// Wait before the second attempt.
    pub backoff: std::time::Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, backoff: std::time::Duration::from_secs(5) }
    }
}

/// A decision that a person takes before a step starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// One of the playbook's roles.
    pub role: String,
    pub reason: Option<String>,
    /// Nobody who started or resumed the run may answer.
    pub not_by_operator: bool,
    /// Callers of AWS that may answer; anybody where it is empty.
    pub one_of: Vec<Principals>,
}
