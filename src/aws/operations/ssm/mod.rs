//! Operations of Systems Manager. Owns the commands it runs on instances.

mod send_command;

pub use send_command::{CommandOutput, STDOUT_LIMIT, SendCommand};
