//! Systems Manager: commands on instances. Owns how one is sent once and followed.

mod send_command;

pub use send_command::{CommandOutput, STDOUT_LIMIT, SendCommand};
