//! What the engine runs: units with the units they need. Owns the trait that a compiled step
//! implements and the policy around one unit; how a unit's expressions work is `program`'s.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::Value;

use super::{Approvers, Step, StepError, World};

/// Outputs of the units that have ended, by id; nulls for those that did not finish.
pub type Outputs = IndexMap<String, Value>;

/// One node of a program, bound to a run.
pub struct Unit<C: World> {
    pub id: String,
    /// Positions of the units that come before this one.
    pub needs: Vec<usize>,
    pub policy: Policy,
    pub body: Arc<dyn Body<C>>,
}

/// A condition, which a plan may not be able to decide yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Holds,
    DoesNot,
    Open,
}

/// The items of a for-each.
#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    /// The step runs once.
    Once,
    Each(Vec<Value>),
    Open,
}

/// Expressions and action of one compiled step.
pub trait Body<C: World>: Send + Sync + 'static {
    /// # Errors
    /// The expression cannot be evaluated; the text gives the reason.
    fn condition(&self, known: &Outputs) -> Result<Condition, String>;
    /// # Errors
    /// As for [`Body::condition`].
    fn items(&self, known: &Outputs) -> Result<Items, String>;
    /// # Errors
    /// As for [`Body::condition`].
    fn inputs(&self, known: &Outputs, item: Option<&Value>) -> Result<Value, String>;
    /// An object with every output of the action, each with this value.
    fn outputs_all(&self, value: &Value) -> Value;
    fn run(&self, step: Step<C>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>>;
}

/// How one unit is tried and what its failure means.
#[derive(Clone, Debug)]
pub struct Policy {
    /// At least 1.
    pub attempts: u32,
    /// Before the second attempt; doubles after each.
    pub backoff: Duration,
    pub timeout: Option<Duration>,
    pub on_failure: OnFailure,
    /// Runs once everything it needs has ended in any way, even failed or prevented from running; it
    /// sees nulls for the outputs of what did not finish. Waiting for a human is no end.
    pub always: bool,
    /// Of these it waits for the first that says so, and not for the rest.
    pub first_of: Option<FirstOf>,
    pub approval: Option<Approval>,
    /// Who answers the step's own questions, with contact.
    pub owner: Option<String>,
    /// It contains: among steps that are ready it begins first, and its calls go first where calls
    /// wait for the world's rate.
    pub urgent: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 1,
            backoff: Duration::from_secs(1),
            timeout: None,
            on_failure: OnFailure::Stop,
            always: false,
            first_of: None,
            approval: None,
            owner: None,
            urgent: false,
        }
    }
}

/// Several of a unit's needs of which one is enough: the first that ends with `true` in its `output`. When
/// none does, the unit begins once all of them have ended, however they ended, and judges that by itself.
/// What it reads of those that have not ended yet is null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstOf {
    /// Positions, each of them in `needs` too.
    pub units: Vec<usize>,
    pub output: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// What needs the step does not run, unless it always does; the rest runs, and the run ends
    /// failed.
    Stop,
    /// As if it had finished, without outputs.
    Continue,
    /// Nothing new starts, and the whole run is released.
    Release,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub role: Option<String>,
    pub reason: String,
    pub rule: Approvers,
}
