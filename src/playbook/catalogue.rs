//! What the compiler knows of actions, as plain data. Owns no action; `actions/` fills it.

use std::ops::Deref;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::choices::Phase;

/// A JSON Schema (2020-12) of type object, made when it is first looked at: a file uses few of the actions.
#[derive(Clone, Debug)]
pub struct Schema {
    make: fn() -> Value,
    made: OnceLock<Value>,
}

impl Schema {
    pub fn new(make: fn() -> Value) -> Self {
        Self { make, made: OnceLock::new() }
    }
}

impl From<Value> for Schema {
    fn from(schema: Value) -> Self {
        Self { make: Value::default, made: OnceLock::from(schema) }
    }
}

impl Deref for Schema {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.made.get_or_init(self.make)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// What an action does that other steps have to reckon with: what hazards ask for, so that none of
/// them needs to know the name of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Runs a command on an instance, through its agent.
    RunsCommand,
    /// The instance's agent cannot be reached any more.
    CutsAgent,
    /// The instance stops or is gone, with its memory.
    Ends,
    /// The instance may reboot, where its input `no-reboot` is false.
    MayReboot,
    /// The instance stops serving: an Auto Scaling group that holds it replaces it.
    TakesOut,
    /// The instance is put on standby in its Auto Scaling group.
    PutsOnStandby,
    /// The instance's disks are kept.
    KeepsDisks,
    /// Takes snapshots, under the key of their volumes.
    TakesSnapshots,
    /// Copies a snapshot, under the key of its input `kms-key`.
    CopiesSnapshot,
    /// Hands what was kept to another account.
    Shares,
    /// Denies the sessions that a role has now.
    DeniesSessions,
    /// Takes from a role's trust policy who should not assume it.
    RepairsTrust,
    /// A person does it.
    AsksPerson,
}

/// One action as a playbook author sees it.
#[derive(Clone, Debug, Serialize)]
pub struct ActionInfo {
    /// `service.verb-noun`.
    pub name: String,
    pub summary: String,
    /// The phase of a step that names none.
    pub phase: Phase,
    /// Ends in a containment verdict.
    pub contains: bool,
    /// Release cannot give back what it does.
    pub irreversible: bool,
    pub effects: &'static [Effect],
    /// Its property names are in kebab-case.
    pub inputs: Schema,
    pub outputs: Schema,
}

impl ActionInfo {
    /// Names of the inputs, in the order of the schema.
    pub fn input_names(&self) -> impl Iterator<Item = &str> + Clone {
        names(&self.inputs)
    }

    /// Names of the outputs, in the order of the schema.
    pub fn output_names(&self) -> impl Iterator<Item = &str> + Clone {
        names(&self.outputs)
    }
}

fn names(schema: &Value) -> impl Iterator<Item = &str> + Clone {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str))
}

/// Actions by name, in the order they were inserted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Catalogue(IndexMap<String, ActionInfo>);

impl Catalogue {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn insert(&mut self, action: ActionInfo) {
        self.0.insert(action.name.clone(), action);
    }

    pub fn get(&self, name: &str) -> Option<&ActionInfo> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ActionInfo> {
        self.0.values()
    }
}

impl FromIterator<ActionInfo> for Catalogue {
    fn from_iter<I: IntoIterator<Item = ActionInfo>>(actions: I) -> Self {
        Self(actions.into_iter().map(|action| (action.name.clone(), action)).collect())
    }
}
