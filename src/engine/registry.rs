//! Makes settings and operations again from what the journal kept of them: release and recovery know
//! them by kind only. Owns that map; which kinds there are is the world's business.

#![warn(missing_docs)]

use std::collections::HashMap;

use serde_json::Value;

use super::{
    AnyOperation, AnySetting, Operation, Setting, World, operation::ErasedOperation,
    setting::Erased,
};

type Make<T> = fn(&Value) -> Result<Box<T>, serde_json::Error>;

/// The kinds of settings and operations that a run may meet, by the names that journals have of them.
pub struct Registry<C: World> {
    settings: HashMap<&'static str, Make<dyn AnySetting<C>>>,
    operations: HashMap<&'static str, Make<dyn AnyOperation<C>>>,
}

impl<C: World> Default for Registry<C> {
    fn default() -> Self {
        Self { settings: HashMap::new(), operations: HashMap::new() }
    }
}

impl<C: World> Registry<C> {
    /// Adds a kind of setting.
    pub fn with<S: Setting<C>>(mut self) -> Self {
        self.settings.insert(S::KIND, |json| Ok(Box::new(Erased(S::deserialize(json)?))));
        self
    }

    /// Adds a kind of operation.
    pub fn with_operation<O: Operation<C>>(mut self) -> Self {
        self.operations
            .insert(O::KIND, |json| Ok(Box::new(ErasedOperation(O::deserialize(json)?))));
        self
    }

    /// Whether there is a setting of this kind.
    pub fn knows(&self, kind: &str) -> bool {
        self.settings.contains_key(kind)
    }

    /// Whether a kind of operation of this name was added.
    pub fn knows_operation(&self, kind: &str) -> bool {
        self.operations.contains_key(kind)
    }

    /// # Errors
    /// The kind is unknown to this version, or the journaled setting does not fit it.
    pub fn make(&self, kind: &str, json: &Value) -> Result<Box<dyn AnySetting<C>>, String> {
        make(&self.settings, "setting", kind, json)
    }

    /// # Errors
    /// As for [`Registry::make`].
    pub fn operation(&self, kind: &str, json: &Value) -> Result<Box<dyn AnyOperation<C>>, String> {
        make(&self.operations, "operation", kind, json)
    }
}

impl<C: World> Registry<C> {
    /// What a change in the journal touched.
    ///
    /// # Errors
    /// As for [`Registry::make`]: what an earlier part of the run touched must not be left out.
    pub fn touched(
        &self,
        kind: &str,
        json: &Value,
        before: &Value,
    ) -> Result<Vec<C::Thing>, String> {
        Ok(self.make(kind, json)?.touches(before))
    }

    /// What an operation in the journal touched.
    ///
    /// # Errors
    /// As for [`Registry::make`].
    pub fn touched_by_operation(&self, kind: &str, json: &Value) -> Result<Vec<C::Thing>, String> {
        Ok(self.operation(kind, json)?.touches())
    }

    /// All kinds of settings and of operations, sorted.
    pub fn kinds(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let sorted = |mut kinds: Vec<_>| {
            kinds.sort_unstable();
            kinds
        };
        (
            sorted(self.settings.keys().copied().collect()),
            sorted(self.operations.keys().copied().collect()),
        )
    }
}

fn make<T: ?Sized>(
    known: &HashMap<&'static str, Make<T>>,
    what: &str,
    kind: &str,
    json: &Value,
) -> Result<Box<T>, String> {
    let make = known
        .get(kind)
        .ok_or_else(|| format!("{what} kind `{kind}` is unknown to this version of the program"))?;
    make(json).map_err(|e| format!("{what} of kind `{kind}` cannot be read: {e}"))
}
