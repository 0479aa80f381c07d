//! Settings of SQS.

mod queue;

pub(crate) use queue::sqs_error;
pub use queue::{Queue, QueueIs};
