//! SQS: the queue that a step listens with. Owns its read and write.

mod queue;

pub(crate) use queue::sqs_error;
pub use queue::{Queue, QueueIs};
