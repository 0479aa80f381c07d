//! backburn contains an AWS incident by playbook, proves the containment, and gives back what it
//! took.
//!
//! ```text
//! YAML text --parse--> Playbook --compile--> Program (petgraph DAG) --plan (reads only)--> Plan --approve--> Run
//! ```
//! `playbook` and `program` compile; `engine` plans, runs and releases; `journal` keeps what was
//! done; `actions` and `aws` are what steps use; `drill` makes such a program of a simulation and
//! scores its run; `lab` is the local endpoint; `crash_matrix` breaks runs in it at every point; `cli` is
//! the program, and `serve` the live page of a run.

#[cfg(feature = "aws")]
pub mod actions;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod cli;
#[cfg(feature = "aws")]
pub mod conduct;
pub mod config;
#[cfg(feature = "aws")]
pub mod crash_matrix;
pub mod drill;
pub mod engine;
pub mod journal;
pub mod lab;
pub mod notify;
pub mod playbook;
pub mod program;
pub mod report;
pub mod serve;
