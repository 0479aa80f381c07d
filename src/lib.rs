//! backburn contains an AWS incident by playbook, proves the containment, and gives back what it
//! took.
//!
//! ```text
//! YAML text --parse--> Playbook --compile--> Program (petgraph DAG) --plan (reads only)--> Plan --approve--> Run
//! ```
//! `playbook` and `program` compile; `engine` plans, runs and releases; `journal` keeps what was
//! done; `actions` and `aws` are what steps use; `drill` makes such a program of a simulation and
//! scores its run; `conduct` runs all that in an account; `lab` is the local endpoint; `crash_matrix`
//! breaks runs in it at every point; `cli` is the program, and `serve` the live page of a run. What people
//! read leaves through `text`.
//!
//! A program that runs a playbook and gives back what it took:
//!
#![cfg_attr(feature = "aws", doc = "```no_run")]
#![cfg_attr(not(feature = "aws"), doc = "```ignore")]
//! use backburn::conduct::{
//!     Approvals, Context, Failure, Loaded, Planning, Release, default_home, release,
//! };
//!
//! # async fn contain() -> Result<(), Failure> {
//! let context = Context::at(default_home().expect("a home directory"));
//! let inputs = [("user", "deploy-bot"), ("access-key", "AKIAIOSFODNN7EXAMPLE")]
//!     .map(|(name, value)| (name.to_owned(), value.to_owned()));
//! let playbook = Loaded::file(&context, "playbooks/iam-key-leak.yaml".as_ref(), &inputs)?;
//! let planned = playbook.plan(&context, Planning::default()).await?;
//! let run = planned.begin(&context, Approvals::default()).await?;
//! let ended = run.run(16, false).await?;
//! println!("{:?}", ended.end.status);
//! ended.close().await?;
//! let released = release(&context, "last", Release::default()).await?;
//! assert!(released.exit() == backburn::conduct::Exit::Ok);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    not(feature = "aws"),
    allow(
        dead_code,
        unused_imports,
        unreachable_pub,
        reason = "what conducts runs needs the SDKs"
    )
)]

#[cfg(feature = "aws")]
pub mod actions;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod cli;
#[cfg(feature = "aws")]
pub mod conduct;
mod config;
#[cfg(feature = "aws")]
pub mod crash_matrix;
pub mod drill;
pub mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod journal;
pub mod lab;
mod notify;
pub mod playbook;
pub mod program;
pub mod report;
mod serve;
pub mod text;
