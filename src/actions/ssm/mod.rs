//! Actions by Systems Manager.

pub mod run_command;
