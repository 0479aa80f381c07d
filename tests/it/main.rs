//! The one integration test binary: each more would link the SDKs again.

mod accounts;
mod actions_ec2;
mod binary;
mod crash;
mod lab;
mod playbooks;
mod support;
