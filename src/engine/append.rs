//! The engine's way into the journal: a record that it does not take is an error of the step.

use crate::journal::Record;

use super::{Run, StepError, World};

impl<C: World> Run<C> {
    /// # Errors
    /// The journal cannot be written.
    pub(super) async fn append(&self, record: Record) -> Result<(), StepError> {
        self.journal.append(record).await.map_err(|e| StepError::Journal(e.to_string()))
    }
}
