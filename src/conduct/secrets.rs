//! The values that must not be shown, shared by everything that shows something.

pub(crate) use crate::journal::Hidden as Secrets;
