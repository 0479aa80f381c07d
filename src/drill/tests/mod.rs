//! Tests of drills without AWS: what a simulation lowers to, and how a ledger is scored.

mod lowering;
mod refused;
mod scoring;
mod template;
